/* SPDX-License-Identifier: MIT */
/* RELU6 of int16 elements: a clamp. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_relu6_s16(
    const int16_t *input, int32_t activation_min, int32_t activation_max, int32_t size, int16_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        output[index] = (int16_t)arm_nn_clamp(input[index], activation_min, activation_max);
    }
}
