/* SPDX-License-Identifier: MIT */
/* SVDF with an int8 state. */

#include "mcusim_functions.h"

#include "arm_nn_dot.h"
#include "arm_nn_svdf.h"

/* An entry of the state of a filter and the one of the next: the features, as wide as int8 holds them. */
static inline int8_t feature(int32_t sum,
                             const cmsis_nn_per_tensor_quant_params *quant_params,
                             const cmsis_nn_activation *activation,
                             int32_t zero_point)
{
    const int32_t scaled = arm_nn_requantize(sum, quant_params->multiplier, quant_params->shift);
    return (int8_t)(arm_nn_clamp(scaled, activation->min, activation->max) + zero_point);
}

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
    const int32_t filters = weights_feature_dims->n;
    const int32_t depth = weights_feature_dims->h;
    const int32_t memory = weights_time_dims->h;
    const arm_nn_sums_2 none = {0, 0};
    /* All memories at once: the entry that follows the last of one is overwritten below. */
    memmove(state_data, state_data + 1, (size_t)(input_dims->n * filters * memory - 1));
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        int8_t *const state = state_data + batch * filters * memory;
        for (int32_t filter = 0; filter < filters; filter += 2) {
            /* An odd last filter is paired with itself. */
            const int32_t next = filter + 1 < filters;
            const arm_nn_sums_2 both = arm_nn_dot_2_s8(input_data + batch * depth,
                                                       -svdf_params->input_offset,
                                                       weights_feature_data + filter * depth,
                                                       next * depth,
                                                       depth,
                                                       none);
            int8_t *const last = state + filter * memory + memory - 1;
            last[0] = feature(both.sum_0, input_quant_params, &svdf_params->input_activation, state_zero_point);
            last[next * memory] =
                feature(both.sum_1, input_quant_params, &svdf_params->input_activation, state_zero_point);
        }
        for (int32_t filter = 0; filter < filters; filter++) {
            const arm_nn_sums_2 sum = arm_nn_dot_2_s8(state + filter * memory,
                                                      -state_zero_point,
                                                      weights_time_data + filter * memory,
                                                      0,
                                                      memory,
                                                      none);
            sums[batch * filters + filter] = sum.sum_0;
        }
    }
    arm_nn_svdf_units(sums, svdf_params, output_quant_params, bias_data, output_dims, output_data);
    return ARM_CMSIS_NN_SUCCESS;
}
