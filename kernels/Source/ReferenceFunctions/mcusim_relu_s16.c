/* SPDX-License-Identifier: MIT */
/* RELU of int16 elements whose input and output scales may differ. */

#include "arm_nn_elementwise.h"
#include "mcusim_functions.h"

void mcusim_relu_s16(const int16_t *input,
                     int32_t input_offset,
                     int32_t output_offset,
                     int32_t multiplier,
                     int32_t shift,
                     int32_t activation_min,
                     int32_t activation_max,
                     int32_t size,
                     int16_t *output)
{
    const arm_nn_result result = {multiplier, shift, output_offset, activation_min, activation_max};
    for (int32_t index = 0; index < size; index++) {
        output[index] = (int16_t)arm_nn_finish(input[index] + input_offset, &result);
    }
}
