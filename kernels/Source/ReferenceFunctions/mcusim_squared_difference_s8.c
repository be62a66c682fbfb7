/* SPDX-License-Identifier: MIT */
/* SQUARED_DIFFERENCE of two int8 tensors, either of which may be repeated along any axis. */

#include "mcusim_broadcast.h"
#include "mcusim_functions.h"
#include "mcusim_scale.h"

arm_cmsis_nn_status mcusim_squared_difference_s8(const cmsis_nn_dims *input_1_dims,
                                                 const int8_t *input_1_data,
                                                 const cmsis_nn_dims *input_2_dims,
                                                 const int8_t *input_2_data,
                                                 const int32_t input_1_offset,
                                                 const int32_t input_1_mult,
                                                 const int32_t input_1_shift,
                                                 const int32_t input_2_offset,
                                                 const int32_t input_2_mult,
                                                 const int32_t input_2_shift,
                                                 const int32_t left_shift,
                                                 int8_t *output_data,
                                                 const int32_t out_offset,
                                                 const int32_t out_mult,
                                                 const int32_t out_shift,
                                                 const int32_t out_activation_min,
                                                 const int32_t out_activation_max,
                                                 const cmsis_nn_dims *output_dims)
{
    const mcusim_scaling scaling_1 = {input_1_offset, input_1_mult, input_1_shift};
    const mcusim_scaling scaling_2 = {input_2_offset, input_2_mult, input_2_shift};
    MCUSIM_FOR_EACH(
        input_1_dims, input_2_dims, output_dims, {
            const int32_t value_1 = mcusim_scale_input(input_1_data[index_1], &scaling_1, left_shift);
            const int32_t value_2 = mcusim_scale_input(input_2_data[index_2], &scaling_2, left_shift);
            const int32_t difference = value_1 - value_2;
            const int32_t scaled = mcusim_scale(difference * difference, out_mult, out_shift);
            output_data[index] =
                (int8_t)mcusim_offset_output(scaled, out_offset, out_activation_min, out_activation_max);
        })
    return ARM_CMSIS_NN_SUCCESS;
}
