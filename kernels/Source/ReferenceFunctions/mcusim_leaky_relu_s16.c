/* SPDX-License-Identifier: MIT */
/* LEAKY_RELU of int16 elements: one multiplier for values from 0 up, another for those below. */

#include "mcusim_functions.h"
#include "mcusim_scale.h"

void mcusim_leaky_relu_s16(const int16_t *input,
                           int32_t input_offset,
                           int32_t output_offset,
                           int32_t identity_multiplier,
                           int32_t identity_shift,
                           int32_t alpha_multiplier,
                           int32_t alpha_shift,
                           int32_t activation_min,
                           int32_t activation_max,
                           int32_t size,
                           int16_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        const int32_t value = input[index] + input_offset;
        const int32_t scaled = value >= 0 ? mcusim_scale(value, identity_multiplier, identity_shift)
                                          : mcusim_scale(value, alpha_multiplier, alpha_shift);
        output[index] = (int16_t)mcusim_offset_output(scaled, output_offset, activation_min, activation_max);
    }
}
