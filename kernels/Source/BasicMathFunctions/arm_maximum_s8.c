/* SPDX-License-Identifier: MIT */
/* MAXIMUM of two int8 tensors, either of which may be repeated along any axis. */

#include "arm_nn_minmax.h"
#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_maximum_s8(const cmsis_nn_context *ctx,
                                   const int8_t *input_1_data,
                                   const cmsis_nn_dims *input_1_dims,
                                   const int8_t *input_2_data,
                                   const cmsis_nn_dims *input_2_dims,
                                   int8_t *output_data,
                                   const cmsis_nn_dims *output_dims)
{
    (void)ctx;
    arm_nn_minmax_s8(input_1_data, input_1_dims, input_2_data, input_2_dims, output_data, output_dims, true);
    return ARM_CMSIS_NN_SUCCESS;
}
