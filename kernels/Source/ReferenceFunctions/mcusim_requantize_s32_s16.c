/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int32 elements to int16. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s32_s16, int32_t, int16_t, INT16_MIN, INT16_MAX)
