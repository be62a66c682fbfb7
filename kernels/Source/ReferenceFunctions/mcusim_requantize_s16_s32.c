/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int16 elements to int32. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s16_s32, int16_t, int32_t, INT32_MIN, INT32_MAX)
