/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int8 elements to uint8. */

#include "mcusim_requantize.h"

MCUSIM_REQUANTIZE(mcusim_requantize_s8_u8, int8_t, uint8_t, 0, UINT8_MAX)
