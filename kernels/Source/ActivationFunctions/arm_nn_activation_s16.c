/* SPDX-License-Identifier: MIT */
/* Sigmoid or hyperbolic tangent of int16 numbers with 3 + left_shift integer bits. */

#include "arm_nn_sigmoid.h"
#include "arm_nnfunctions.h"

void arm_nn_activation_s16(const int16_t *input,
                           int16_t *output,
                           const int32_t size,
                           const int32_t left_shift,
                           const arm_nn_activation_type type)
{
    const int32_t multiplier = 3 << left_shift;
    for (int32_t index = 0; index < size; index++) {
        const int32_t value = input[index] * multiplier;
        output[index] = type == ARM_SIGMOID ? arm_nn_sigmoid_s16(value) : arm_nn_tanh_s16(value);
    }
}
