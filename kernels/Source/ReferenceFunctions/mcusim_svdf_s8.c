/* SPDX-License-Identifier: MIT */
/* SVDF with an int8 state. */

#include "mcusim_functions.h"

#include "arm_nn_svdf.h"

arm_cmsis_nn_status mcusim_svdf_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_svdf_params *svdf_params,
                                   int32_t state_zero_point,
                                   const cmsis_nn_per_tensor_quant_params *input_quant_params,
                                   const cmsis_nn_per_tensor_quant_params *output_quant_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *input_data,
                                   int8_t *state_data,
                                   const cmsis_nn_dims *weights_feature_dims,
                                   const int8_t *weights_feature_data,
                                   const cmsis_nn_dims *weights_time_dims,
                                   const int8_t *weights_time_data,
                                   const int32_t *bias_data,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *output_data)
{
    int32_t *const sums = ctx->buf;
    if (!sums || svdf_params->rank < 1) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_svdf_memory memory = {.state = state_data,
                                       .weights = weights_time_data,
                                       .bytes = 1,
                                       .filters = weights_feature_dims->n,
                                       .steps = weights_time_dims->h,
                                       .zero_point = state_zero_point};
    arm_nn_svdf_step(svdf_params, input_quant_params, input_dims, input_data, weights_feature_data, memory, sums);
    arm_nn_svdf_units(sums, svdf_params, output_quant_params, bias_data, output_dims, output_data);
    return ARM_CMSIS_NN_SUCCESS;
}
