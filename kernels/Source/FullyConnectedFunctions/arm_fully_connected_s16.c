/* SPDX-License-Identifier: MIT */
/* FULLY_CONNECTED of int16 by int8 weights with 64-bit sums: two output channels at a time. */

#include "arm_nn_dot_rows.h"
#include "arm_nnfunctions.h"

static inline int16_t finish(int64_t sum, int32_t multiplier, int32_t shift, const cmsis_nn_activation *activation)
{
    return (int16_t)arm_nn_clamp(arm_nn_requantize_s64(sum, multiplier, shift), activation->min, activation->max);
}

arm_cmsis_nn_status arm_fully_connected_s16(const cmsis_nn_context *ctx,
                                            const cmsis_nn_fc_params *fc_params,
                                            const cmsis_nn_per_tensor_quant_params *quant_params,
                                            const cmsis_nn_dims *input_dims,
                                            const int16_t *input_data,
                                            const cmsis_nn_dims *filter_dims,
                                            const int8_t *filter_data,
                                            const cmsis_nn_dims *bias_dims,
                                            const int64_t *bias_data,
                                            const cmsis_nn_dims *output_dims,
                                            int16_t *output_data)
{
    (void)ctx;
    (void)bias_dims;
    const int32_t depth = filter_dims->n;
    const int32_t channels = output_dims->c;
    const int32_t multiplier = arm_nn_reduce_multiplier(quant_params->multiplier);
    const int32_t shift = quant_params->shift;
    const cmsis_nn_activation activation = fc_params->activation;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        const int8_t *filter = filter_data;
        for (int32_t channel = 0; channel < channels; channel += 2) {
            /* An odd last channel is paired with itself. */
            const int32_t next = channel + 1 < channels;
            arm_nn_long_sums_2 sums = {0, 0};
            if (bias_data) {
                sums.sum_0 = bias_data[channel];
                sums.sum_1 = bias_data[channel + next];
            }
            sums = arm_nn_dot_2_s16(input_data, filter, next * depth, depth, sums);
            output_data[channel] = finish(sums.sum_0, multiplier, shift, &activation);
            output_data[channel + next] = finish(sums.sum_1, multiplier, shift, &activation);
            filter += 2 * depth;
        }
        input_data += depth;
        output_data += channels;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
