/* SPDX-License-Identifier: MIT */
/* LOGICAL_OR of two tensors, either of which may be repeated along any axis. */

#include "mcusim_compare.h"

MCUSIM_ELEMENTWISE(mcusim_logical_or_b8, bool, bool, a || b)
