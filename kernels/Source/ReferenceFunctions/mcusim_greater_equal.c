/* SPDX-License-Identifier: MIT */
/* GREATER_EQUAL of two tensors, either of which may be repeated along any axis. */

#include "mcusim_compare.h"

MCUSIM_COMPARISON_S8(mcusim_greater_equal_s8, a >= b)
MCUSIM_ELEMENTWISE(mcusim_greater_equal_s32, int32_t, bool, a >= b)
MCUSIM_ELEMENTWISE(mcusim_greater_equal_s64, int64_t, bool, a >= b)
