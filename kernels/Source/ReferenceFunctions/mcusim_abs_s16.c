/* SPDX-License-Identifier: MIT */
/* ABS of int16 elements. */

#include "mcusim_functions.h"
#include "mcusim_scale.h"

void mcusim_abs_s16(const int16_t *input,
                    int32_t input_offset,
                    int32_t output_offset,
                    int32_t needs_rescale,
                    int32_t multiplier,
                    int32_t shift,
                    int32_t activation_min,
                    int32_t activation_max,
                    int32_t size,
                    int16_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        const int32_t value = input[index] + input_offset;
        const int32_t magnitude = value < 0 ? -value : value;
        const int32_t scaled = needs_rescale ? mcusim_scale(magnitude, multiplier, shift) : magnitude;
        output[index] = (int16_t)mcusim_offset_output(scaled, output_offset, activation_min, activation_max);
    }
}
