/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int8 elements to int16. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s8_s16, int8_t, int16_t, INT16_MIN, INT16_MAX)
