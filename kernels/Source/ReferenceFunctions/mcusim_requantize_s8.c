/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int8 elements to another scale. */

#include "mcusim_functions.h"

void mcusim_requantize_s8(const int8_t *input,
                          int32_t input_offset,
                          int32_t multiplier,
                          int32_t shift,
                          int32_t output_offset,
                          int32_t size,
                          int8_t *output)
{
    mcusim_relu_s8(input, input_offset, output_offset, multiplier, shift, INT8_MIN, INT8_MAX, size, output);
}
