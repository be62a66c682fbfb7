/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int16 elements to int16 of another scale. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s16, int16_t, int16_t, INT16_MIN, INT16_MAX)
