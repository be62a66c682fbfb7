/* SPDX-License-Identifier: MIT */
/* QUANTIZE of int16 elements to int32 of another scale. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_requantize_s16_s32(const int16_t *input,
                               int32_t input_offset,
                               int32_t multiplier,
                               int32_t shift,
                               int32_t output_offset,
                               int32_t size,
                               int32_t *output)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t value = arm_nn_requantize(input[i] + input_offset, multiplier, shift);
        output[i] = (int32_t)((uint32_t)value + (uint32_t)output_offset);
    }
}
