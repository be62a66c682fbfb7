/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int8 elements to int32. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s8_s32, int8_t, int32_t, INT32_MIN, INT32_MAX)
