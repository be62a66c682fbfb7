/* SPDX-License-Identifier: MIT */
/* MAXIMUM of two int8 tensors, either of which may be repeated along any axis. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"
#include "mcusim_broadcast.h"

arm_cmsis_nn_status arm_maximum_s8(const cmsis_nn_context *ctx,
                                   const int8_t *input_1_data,
                                   const cmsis_nn_dims *input_1_dims,
                                   const int8_t *input_2_data,
                                   const cmsis_nn_dims *input_2_dims,
                                   int8_t *output_data,
                                   const cmsis_nn_dims *output_dims)
{
    (void)ctx;
    MCUSIM_FOR_EACH(input_1_dims,
                    input_2_dims,
                    output_dims,
                    output_data[index] = (int8_t)arm_nn_max(input_1_data[index_1], input_2_data[index_2]))
    return ARM_CMSIS_NN_SUCCESS;
}
