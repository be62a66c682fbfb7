/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D with a 3x3 filter and padding of at most 1: four channels at a time straight from the input. */

#include "arm_depthwise_conv.h"
#include "arm_nn_s8x4.h"

typedef struct {
    const int8_t *input;
    const int8_t *filter;
    const int32_t *bias;
    int8_t *output;
    int32_t channels;
    int32_t input_offset;
    arm_nn_requantization requantization;
} operands;

static inline void four_channels(arm_nn_sums *sums,
                                 const arm_nn_dw_window *window,
                                 const int8_t *values,
                                 const int8_t *weights,
                                 int32_t input_offset)
{
    const uint32_t offset = arm_nn_offset_s8x4(input_offset);
    for (int32_t y = window->rows; y > 0; y--) {
        for (int32_t x = window->columns; x > 0; x--) {
            arm_nn_add_products_s8x4(sums, arm_nn_read_s8x4(values), arm_nn_read_s8x4(weights), offset);
            values += window->input_step;
            weights += window->filter_step;
        }
        values += window->input_skip;
        weights += window->filter_skip;
    }
}

/* On its own, so that its registers are not shared with the walk over the pixels. */
__attribute__((noinline)) static void convolve_pixel(const void *context, const arm_nn_dw_window *window, int32_t pixel)
{
    const operands *const of = context;
    const int8_t *const values = of->input + window->input;
    const int8_t *const weights = of->filter + window->filter;
    int8_t *const output = of->output + pixel;
    int32_t channel = 0;
    for (; of->channels - channel >= 4; channel += 4) {
        arm_nn_sums sums = arm_nn_start_sums(of->bias, channel);
        four_channels(&sums, window, values + channel, weights + channel, of->input_offset);
        arm_nn_output_4(&sums, &of->requantization, channel, output);
    }
    for (; channel < of->channels; channel++) {
        const int32_t sum = arm_nn_dw_one_channel(window, values + channel, weights + channel, of->input_offset);
        const int32_t bias = of->bias ? of->bias[channel] : 0;
        output[channel] = arm_nn_output(arm_nn_wrapping_add(sum, bias), &of->requantization, channel);
    }
}

arm_cmsis_nn_status arm_depthwise_conv_3x3_s8(const cmsis_nn_context *ctx,
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
    if (!arm_depthwise_conv_is_3x3(dw_conv_params, input_dims, filter_dims)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_depthwise layer = {dw_conv_params, input_dims, filter_dims, output_dims};
    const operands of = {.input = input_data,
                         .filter = filter_data,
                         .bias = bias_data,
                         .output = output_data,
                         .channels = input_dims->c,
                         .input_offset = dw_conv_params->input_offset,
                         .requantization = arm_depthwise_conv_requantization(dw_conv_params, quant_params)};
    arm_nn_dw_walk(&layer, false, convolve_pixel, &of);
    return ARM_CMSIS_NN_SUCCESS;
}
