/* SPDX-License-Identifier: MIT */
/* FULLY_CONNECTED of int8 by int4 weights with one multiplier and shift for all output channels. */

#include "arm_nn_s4.h"
#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_fully_connected_s4(const cmsis_nn_context *ctx,
                                           const cmsis_nn_fc_params *fc_params,
                                           const cmsis_nn_per_tensor_quant_params *quant_params,
                                           const cmsis_nn_dims *input_dims,
                                           const int8_t *input_data,
                                           const cmsis_nn_dims *filter_dims,
                                           const int8_t *filter_data,
                                           const cmsis_nn_dims *bias_dims,
                                           const int32_t *bias_data,
                                           const cmsis_nn_dims *output_dims,
                                           int8_t *output_data)
{
    (void)ctx;
    (void)bias_dims;
    const int32_t depth = filter_dims->n;
    const arm_nn_requantization requantization = {.multiplier = &quant_params->multiplier,
                                                  .shift = &quant_params->shift,
                                                  .output_offset = fc_params->output_offset,
                                                  .activation_min = fc_params->activation.min,
                                                  .activation_max = fc_params->activation.max};
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t channel = 0; channel < output_dims->c; channel++) {
            const int32_t bias = bias_data ? bias_data[channel] : 0;
            const int32_t sum =
                arm_nn_dot_s4(input_data, fc_params->input_offset, filter_data, channel * depth, depth, bias);
            *output_data++ = arm_nn_output(sum, &requantization, 0);
        }
        input_data += depth;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
