/* SPDX-License-Identifier: MIT */
/* Sigmoid and hyperbolic tangent of int16: a table of 256 points and lines between them. */

#include "arm_nn_sigmoid.h"
#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_nn_activation_s16(const int16_t *input,
                                          int16_t *output,
                                          const int32_t size,
                                          const int32_t left_shift,
                                          const arm_nn_activation_type type)
{
    /* The factor 3 makes 24 steps to 1 of 2^-12, the unit of an input whose left shift is 0. */
    const int32_t multiplier = left_shift < 0 ? 3 : 3 << left_shift;
    const int32_t right_shift = left_shift < 0 ? -left_shift : 0;
    const int32_t rounding = right_shift > 0 ? 1 << (right_shift - 1) : 0;
    if (type == ARM_SIGMOID) {
        for (int32_t i = 0; i < size; i++) {
            output[i] = arm_nn_sigmoid_s16((input[i] * multiplier + rounding) >> right_shift);
        }
    } else if (type == ARM_TANH) {
        for (int32_t i = 0; i < size; i++) {
            output[i] = arm_nn_tanh_s16((input[i] * multiplier + rounding) >> right_shift);
        }
    } else {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
