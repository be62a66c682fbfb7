/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D of int16 of any kind, with accumulators of 64 bits. */

#include "arm_depthwise_conv.h"

typedef struct {
    const int16_t *input;
    const int8_t *filter;
    const int64_t *bias;
    int16_t *output;
    int32_t input_channels;
    int32_t ch_mult;
    arm_nn_requantization requantization;
} operands;

static inline int64_t one_channel(const arm_nn_dw_window *window, const int16_t *value, const int8_t *weight)
{
    int64_t sum = 0;
    for (int32_t y = window->rows; y > 0; y--) {
        for (int32_t x = window->columns; x > 0; x--) {
            sum += *value * *weight;
            value += window->input_step;
            weight += window->filter_step;
        }
        value += window->input_skip;
        weight += window->filter_skip;
    }
    return sum;
}

/* On its own, so that its registers are not shared with the walk over the pixels. */
__attribute__((noinline)) static void convolve_pixel(const void *context, const arm_nn_dw_window *window, int32_t pixel)
{
    const operands *const of = context;
    const int16_t *value = of->input + window->input;
    int16_t *const output = of->output + pixel;
    int32_t channel = 0;
    for (int32_t input_channel = 0; input_channel < of->input_channels; input_channel++, value++) {
        for (const int32_t end = channel + of->ch_mult; channel < end; channel++) {
            const int64_t sum = one_channel(window, value, of->filter + window->filter + channel);
            const int64_t bias = of->bias ? of->bias[channel] : 0;
            output[channel] = arm_nn_output_s64(arm_nn_wrapping_add_s64(sum, bias), &of->requantization, channel);
        }
    }
}

arm_cmsis_nn_status arm_depthwise_conv_s16(const cmsis_nn_context *ctx,
                                           const cmsis_nn_dw_conv_params *dw_conv_params,
                                           const cmsis_nn_per_channel_quant_params *quant_params,
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
    const arm_nn_depthwise layer = {dw_conv_params, input_dims, filter_dims, output_dims};
    const operands of = {.input = input_data,
                         .filter = filter_data,
                         .bias = bias_data,
                         .output = output_data,
                         .input_channels = input_dims->c,
                         .ch_mult = dw_conv_params->ch_mult,
                         .requantization = arm_depthwise_conv_requantization(dw_conv_params, quant_params)};
    arm_nn_dw_walk(&layer, true, convolve_pixel, &of);
    return ARM_CMSIS_NN_SUCCESS;
}
