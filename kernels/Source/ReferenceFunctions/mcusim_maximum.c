/* SPDX-License-Identifier: MIT */
/* MAXIMUM of two tensors of wide integers, either of which may be repeated along any axis. */

#include "mcusim_compare.h"

MCUSIM_ELEMENTWISE(mcusim_maximum_s16, int16_t, int16_t, a > b ? a : b)
MCUSIM_ELEMENTWISE(mcusim_maximum_s32, int32_t, int32_t, a > b ? a : b)
MCUSIM_ELEMENTWISE(mcusim_maximum_s64, int64_t, int64_t, a > b ? a : b)
