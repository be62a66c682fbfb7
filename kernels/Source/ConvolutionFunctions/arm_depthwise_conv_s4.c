/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D with int4 weights of any kind. */

#include "arm_depthwise_conv.h"
#include "arm_nn_s4.h"

typedef struct {
    const int8_t *input;
    const int8_t *filter; /* packed */
    const int32_t *bias;
    int8_t *output;
    int32_t input_channels;
    int32_t ch_mult;
    int32_t input_offset;
    arm_nn_requantization requantization;
} operands;

static inline int32_t one_channel(
    const arm_nn_dw_window *window, const int8_t *value, const int8_t *packed, int32_t element, int32_t input_offset)
{
    int32_t sum = 0;
    for (int32_t y = window->rows; y > 0; y--) {
        for (int32_t x = window->columns; x > 0; x--) {
            sum = arm_nn_mla(sum, *value + input_offset, arm_nn_read_s4(packed, element));
            value += window->input_step;
            element += window->filter_step;
        }
        value += window->input_skip;
        element += window->filter_skip;
    }
    return sum;
}

/* On its own, so that its registers are not shared with the walk over the pixels. */
__attribute__((noinline)) static void convolve_pixel(const void *context, const arm_nn_dw_window *window, int32_t pixel)
{
    const operands *const of = context;
    const int8_t *value = of->input + window->input;
    int8_t *const output = of->output + pixel;
    int32_t channel = 0;
    for (int32_t input_channel = 0; input_channel < of->input_channels; input_channel++, value++) {
        for (const int32_t end = channel + of->ch_mult; channel < end; channel++) {
            const int32_t sum = one_channel(window, value, of->filter, window->filter + channel, of->input_offset);
            const int32_t bias = of->bias ? of->bias[channel] : 0;
            output[channel] = arm_nn_output(arm_nn_wrapping_add(sum, bias), &of->requantization, channel);
        }
    }
}

arm_cmsis_nn_status arm_depthwise_conv_s4(const cmsis_nn_context *ctx,
                                          const cmsis_nn_dw_conv_params *dw_conv_params,
                                          const cmsis_nn_per_channel_quant_params *quant_params,
                                          const cmsis_nn_dims *input_dims,
                                          const int8_t *input,
                                          const cmsis_nn_dims *filter_dims,
                                          const int8_t *kernel,
                                          const cmsis_nn_dims *bias_dims,
                                          const int32_t *bias,
                                          const cmsis_nn_dims *output_dims,
                                          int8_t *output)
{
    (void)ctx;
    (void)bias_dims;
    const arm_nn_depthwise layer = {dw_conv_params, input_dims, filter_dims, output_dims};
    const operands of = {.input = input,
                         .filter = kernel,
                         .bias = bias,
                         .output = output,
                         .input_channels = input_dims->c,
                         .ch_mult = dw_conv_params->ch_mult,
                         .input_offset = dw_conv_params->input_offset,
                         .requantization = arm_depthwise_conv_requantization(dw_conv_params, quant_params)};
    arm_nn_dw_walk(&layer, true, convolve_pixel, &of);
    return ARM_CMSIS_NN_SUCCESS;
}
