/* SPDX-License-Identifier: MIT */
/* ADD of two int8 vectors of different scales. */

#include "arm_nn_elementwise.h"
#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_elementwise_add_s8(const int8_t *input_1_vect,
                                           const int8_t *input_2_vect,
                                           const int32_t input_1_offset,
                                           const int32_t input_1_mult,
                                           const int32_t input_1_shift,
                                           const int32_t input_2_offset,
                                           const int32_t input_2_mult,
                                           const int32_t input_2_shift,
                                           const int32_t left_shift,
                                           int8_t *output,
                                           const int32_t out_offset,
                                           const int32_t out_mult,
                                           const int32_t out_shift,
                                           const int32_t out_activation_min,
                                           const int32_t out_activation_max,
                                           const int32_t block_size)
{
    const arm_nn_addend addend_1 = {input_1_offset, input_1_mult, input_1_shift};
    const arm_nn_addend addend_2 = {input_2_offset, input_2_mult, input_2_shift};
    const arm_nn_result result = {out_mult, out_shift, out_offset, out_activation_min, out_activation_max};
    for (int32_t index = 0; index < block_size; index++) {
        output[index] =
            (int8_t)arm_nn_add(input_1_vect[index], input_2_vect[index], &addend_1, &addend_2, left_shift, &result);
    }
    return ARM_CMSIS_NN_SUCCESS;
}
