/* SPDX-License-Identifier: MIT */
/* FULLY_CONNECTED with a multiplier and a shift for each output channel. */

#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_fully_connected_per_channel_s8(const cmsis_nn_context *ctx,
                                                       const cmsis_nn_fc_params *fc_params,
                                                       const cmsis_nn_per_channel_quant_params *quant_params,
                                                       const cmsis_nn_dims *input_dims,
                                                       const int8_t *input_data,
                                                       const cmsis_nn_dims *filter_dims,
                                                       const int8_t *filter_data,
                                                       const cmsis_nn_dims *bias_dims,
                                                       const int32_t *bias_data,
                                                       const cmsis_nn_dims *output_dims,
                                                       int8_t *output_data)
{
    const cmsis_nn_quant_params per_channel = {quant_params->multiplier, quant_params->shift, 1};
    return arm_fully_connected_wrapper_s8(ctx,
                                          fc_params,
                                          &per_channel,
                                          input_dims,
                                          input_data,
                                          filter_dims,
                                          filter_data,
                                          bias_dims,
                                          bias_data,
                                          output_dims,
                                          output_data);
}
