/* SPDX-License-Identifier: MIT */
/* DEQUANTIZE of int8 elements. */

#include "mcusim_functions.h"

void mcusim_dequantize_s8_f32(const int8_t *input, float scale, int32_t zero_point, int32_t size, float *output)
{
    for (int32_t index = 0; index < size; index++) {
        output[index] = scale * (float)(input[index] - zero_point);
    }
}
