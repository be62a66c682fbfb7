/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int16 elements to int8. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s16_s8, int16_t, int8_t, INT8_MIN, INT8_MAX)
