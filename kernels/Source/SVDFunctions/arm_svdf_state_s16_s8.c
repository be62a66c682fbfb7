/* SPDX-License-Identifier: MIT */
/* SVDF with an int16 state. */

#include "arm_nn_svdf.h"

arm_cmsis_nn_status arm_svdf_state_s16_s8(const cmsis_nn_context *input_ctx,
                                          const cmsis_nn_context *output_ctx,
                                          const cmsis_nn_svdf_params *svdf_params,
                                          const cmsis_nn_per_tensor_quant_params *input_quant_params,
                                          const cmsis_nn_per_tensor_quant_params *output_quant_params,
                                          const cmsis_nn_dims *input_dims,
                                          const int8_t *input_data,
                                          const cmsis_nn_dims *state_dims,
                                          int16_t *state_data,
                                          const cmsis_nn_dims *weights_feature_dims,
                                          const int8_t *weights_feature_data,
                                          const cmsis_nn_dims *weights_time_dims,
                                          const int16_t *weights_time_data,
                                          const cmsis_nn_dims *bias_dims,
                                          const int32_t *bias_data,
                                          const cmsis_nn_dims *output_dims,
                                          int8_t *output_data)
{
    (void)output_ctx;
    (void)state_dims;
    (void)bias_dims;
    int32_t *const sums = input_ctx->buf;
    if (!sums || svdf_params->rank < 1) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_svdf_memory memory = {.state = (void *)state_data,
                                       .weights = (const void *)weights_time_data,
                                       .bytes = 2,
                                       .filters = weights_feature_dims->n,
                                       .steps = weights_time_dims->h,
                                       .zero_point = 0};
    arm_nn_svdf_step(svdf_params, input_quant_params, input_dims, input_data, weights_feature_data, memory, sums);
    arm_nn_svdf_units(sums, svdf_params, output_quant_params, bias_data, output_dims, output_data);
    return ARM_CMSIS_NN_SUCCESS;
}
