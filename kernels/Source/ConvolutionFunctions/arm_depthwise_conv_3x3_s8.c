/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D with a 3x3 filter and padding of at most 1: four channels at a time straight from the input. */

#include "arm_depthwise_conv.h"
#include "arm_nn_s8x4.h"

static inline void convolve_4_channels(arm_nn_sums *sums, const arm_nn_dw_window *window, int32_t channel)
{
    const uint32_t offset = arm_nn_offset_s8x4(window->input_offset);
    const int8_t *values = window->input + channel;
    const int8_t *weights = window->filter + channel;
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
__attribute__((noinline)) static void convolve_pixel_3x3(const arm_nn_dw_window *window,
                                                         int32_t channels,
                                                         const int32_t *bias,
                                                         const arm_nn_requantization *requantization,
                                                         int8_t *output)
{
    int32_t channel = 0;
    for (; channels - channel >= 4; channel += 4) {
        arm_nn_sums sums = arm_nn_start_sums(bias, channel);
        convolve_4_channels(&sums, window, channel);
        arm_nn_output_4(&sums, requantization, channel, output);
    }
    for (; channel < channels; channel++) {
        const int32_t sum = arm_nn_dw_one_channel(window, channel, channel) + (bias ? bias[channel] : 0);
        output[channel] = arm_nn_output(sum, requantization, channel);
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
    const arm_nn_requantization requantization =
        arm_depthwise_conv_requantization(dw_conv_params, quant_params);
    const int32_t channels = input_dims->c;
    arm_nn_dw_window window = {
        .input_step = channels, .filter_step = channels, .input_offset = dw_conv_params->input_offset};
    for (int32_t y = 0; y < output_dims->h; y++) {
        const int32_t top = y * dw_conv_params->stride.h - dw_conv_params->padding.h;
        const arm_nn_range rows = arm_nn_inside(top, 3, input_dims->h);
        window.rows = rows.last - rows.first;
        for (int32_t x = 0; x < output_dims->w; x++) {
            const int32_t left = x * dw_conv_params->stride.w - dw_conv_params->padding.w;
            const arm_nn_range columns = arm_nn_inside(left, 3, input_dims->w);
            window.columns = columns.last - columns.first;
            window.input_skip = (input_dims->w - window.columns) * channels;
            window.filter_skip = (3 - window.columns) * channels;
            window.input = input_data + ((top + rows.first) * input_dims->w + left + columns.first) * channels;
            window.filter = filter_data + (3 * rows.first + columns.first) * channels;
            convolve_pixel_3x3(&window, channels, bias_data, &requantization, output_data);
            output_data += channels;
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
