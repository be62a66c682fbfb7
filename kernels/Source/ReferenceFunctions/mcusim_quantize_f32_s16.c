/* SPDX-License-Identifier: MIT */
/* QUANTIZE of float32 elements to int16, rounding half away from zero. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"
#include "mcusim_round.h"

void mcusim_quantize_f32_s16(const float *input, float scale, int32_t zero_point, int32_t size, int16_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        const int32_t value = mcusim_round_half_away(input[index] / scale) + zero_point;
        output[index] = (int16_t)arm_nn_clamp(value, INT16_MIN, INT16_MAX);
    }
}
