/* SPDX-License-Identifier: MIT */
/* DEQUANTIZE of int16 elements. */

#include "mcusim_functions.h"

void mcusim_dequantize_s16_f32(const int16_t *input, float scale, int32_t zero_point, int32_t size, float *output)
{
    for (int32_t index = 0; index < size; index++) {
        output[index] = scale * (float)(input[index] - zero_point);
    }
}
