/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D of any kind, four output channels of an input channel at a time where there are as many. */

#include "arm_depthwise_conv.h"

typedef struct {
    const int8_t *input;
    const int8_t *filter;
    const int32_t *bias;
    int8_t *output;
    int32_t input_channels;
    int32_t ch_mult;
    int32_t input_offset;
    arm_nn_requantization requantization;
} operands;

/* On its own, so that the loops have the registers to themselves. */
__attribute__((noinline)) static void four_channels(
    int32_t *sums, const arm_nn_dw_window *window, const int8_t *value, const int8_t *weight, int32_t input_offset)
{
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    for (int32_t y = window->rows; y > 0; y--) {
        for (int32_t x = window->columns; x > 0; x--) {
            const int32_t factor = *value + input_offset;
            sum_0 = arm_nn_mla(sum_0, factor, weight[0]);
            sum_1 = arm_nn_mla(sum_1, factor, weight[1]);
            sum_2 = arm_nn_mla(sum_2, factor, weight[2]);
            sum_3 = arm_nn_mla(sum_3, factor, weight[3]);
            value += window->input_step;
            weight += window->filter_step;
        }
        value += window->input_skip;
        weight += window->filter_skip;
    }
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}

/* On its own, so that its registers are not shared with the walk over the pixels. */
__attribute__((noinline)) static void convolve_pixel(const void *context, const arm_nn_dw_window *window, int32_t pixel)
{
    const operands *const of = context;
    const int8_t *const values = of->input + window->input;
    const int8_t *const weights = of->filter + window->filter;
    int8_t *const output = of->output + pixel;
    int32_t channel = 0;
    for (int32_t input_channel = 0; input_channel < of->input_channels; input_channel++) {
        const int32_t end = channel + of->ch_mult;
        for (; end - channel >= 4; channel += 4) {
            int32_t sums[4];
            four_channels(sums, window, values + input_channel, weights + channel, of->input_offset);
            for (int32_t index = 0; index < 4; index++) {
                const int32_t bias = of->bias ? of->bias[channel + index] : 0;
                const int32_t sum = arm_nn_wrapping_add(sums[index], bias);
                output[channel + index] = arm_nn_output(sum, &of->requantization, channel + index);
            }
        }
        for (; channel < end; channel++) {
            const int32_t sum =
                arm_nn_dw_one_channel(window, values + input_channel, weights + channel, of->input_offset);
            const int32_t bias = of->bias ? of->bias[channel] : 0;
            output[channel] = arm_nn_output(arm_nn_wrapping_add(sum, bias), &of->requantization, channel);
        }
    }
}

arm_cmsis_nn_status arm_depthwise_conv_s8(const cmsis_nn_context *ctx,
                                          const cmsis_nn_dw_conv_params *dw_conv_params,
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
    (void)ctx;
    (void)bias_dims;
    const arm_nn_depthwise layer = {dw_conv_params, input_dims, filter_dims, output_dims};
    const operands of = {.input = input_data,
                         .filter = filter_data,
                         .bias = bias_data,
                         .output = output_data,
                         .input_channels = input_dims->c,
                         .ch_mult = dw_conv_params->ch_mult,
                         .input_offset = dw_conv_params->input_offset,
                         .requantization = arm_depthwise_conv_requantization(dw_conv_params, quant_params)};
    arm_nn_dw_walk(&layer, true, convolve_pixel, &of);
    return ARM_CMSIS_NN_SUCCESS;
}
