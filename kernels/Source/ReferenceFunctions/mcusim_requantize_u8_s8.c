/* SPDX-License-Identifier: MIT */
/* QUANTIZE of uint8 elements to int8. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_u8_s8, uint8_t, int8_t, INT8_MIN, INT8_MAX)
