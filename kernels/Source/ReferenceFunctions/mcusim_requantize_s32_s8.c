/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int32 elements to int8. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s32_s8, int32_t, int8_t, INT8_MIN, INT8_MAX)
