/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D of any kind, four output channels of an input channel at a time where there are as many. */

#include "arm_depthwise_conv.h"

static inline void four_channels(int32_t *sums, const arm_nn_dw_window *window, int32_t input_channel, int32_t channel)
{
    const int8_t *value = window->input + input_channel;
    const int8_t *weight = window->filter + channel;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    for (int32_t y = window->rows; y > 0; y--) {
        for (int32_t x = window->columns; x > 0; x--) {
            const int32_t factor = *value + window->input_offset;
            sum_0 += factor * weight[0];
            sum_1 += factor * weight[1];
            sum_2 += factor * weight[2];
            sum_3 += factor * weight[3];
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
__attribute__((noinline)) static void convolve_pixel_any(const arm_nn_dw_window *window,
                                                         int32_t input_channels,
                                                         int32_t ch_mult,
                                                         const int32_t *bias,
                                                         const arm_nn_requantization *requantization,
                                                         int8_t *output)
{
    int32_t channel = 0;
    for (int32_t input_channel = 0; input_channel < input_channels; input_channel++) {
        const int32_t end = channel + ch_mult;
        for (; end - channel >= 4; channel += 4) {
            int32_t sums[4];
            four_channels(sums, window, input_channel, channel);
            for (int32_t index = 0; index < 4; index++) {
                const int32_t sum = sums[index] + (bias ? bias[channel + index] : 0);
                output[channel + index] = arm_nn_output(sum, requantization, channel + index);
            }
        }
        for (; channel < end; channel++) {
            const int32_t sum = arm_nn_dw_one_channel(window, input_channel, channel);
            output[channel] = arm_nn_output(sum + (bias ? bias[channel] : 0), requantization, channel);
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
    const arm_nn_requantization requantization =
        arm_depthwise_conv_requantization(dw_conv_params, quant_params);
    const cmsis_nn_tile *dilation = &dw_conv_params->dilation;
    const int32_t channels = output_dims->c;
    const int32_t input_row = input_dims->w * input_dims->c;
    arm_nn_dw_window window = {.input_step = dilation->w * input_dims->c,
                               .filter_step = channels,
                               .input_offset = dw_conv_params->input_offset};
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t y = 0; y < output_dims->h; y++) {
            const int32_t top = y * dw_conv_params->stride.h - dw_conv_params->padding.h;
            const arm_nn_range rows = arm_nn_inside_dilated(top, filter_dims->h, input_dims->h, dilation->h);
            window.rows = rows.last - rows.first;
            for (int32_t x = 0; x < output_dims->w; x++) {
                const int32_t left = x * dw_conv_params->stride.w - dw_conv_params->padding.w;
                const arm_nn_range columns = arm_nn_inside_dilated(left, filter_dims->w, input_dims->w, dilation->w);
                window.columns = columns.last - columns.first;
                window.input_skip = dilation->h * input_row - window.columns * window.input_step;
                window.filter_skip = (filter_dims->w - window.columns) * channels;
                window.input = input_data + (top + rows.first * dilation->h) * input_row +
                               (left + columns.first * dilation->w) * input_dims->c;
                window.filter = filter_data + (rows.first * filter_dims->w + columns.first) * channels;
                convolve_pixel_any(
                    &window, input_dims->c, dw_conv_params->ch_mult, bias_data, &requantization, output_data);
                output_data += channels;
            }
        }
        input_data += input_dims->h * input_row;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
