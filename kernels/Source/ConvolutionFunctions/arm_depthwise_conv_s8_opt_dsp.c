/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D with channel multiplier 1: the window is widened to int16 once, then four channels at a time. */

#include "arm_depthwise_conv.h"
#include "arm_nn_s8x4.h"

/*
 * One pixel to int16 with an offset. Of each four channels, 0 and 2 go into the first word, 1 and 3 into the second,
 * which is how SXTB16 unpacks the filter's bytes; the channels beyond the last four stay in order.
 */
static inline void widen_pixel(int16_t *output, const int8_t *input, int32_t channels, int32_t offset)
{
    const uint32_t offsets = arm_nn_pair(offset);
    for (; channels >= 4; channels -= 4, input += 4, output += 4) {
        const uint32_t word = arm_nn_read_s8x4(input);
        ((arm_nn_unaligned_word *)output)[0].value = arm_nn_sxtab16(offsets, word);
        ((arm_nn_unaligned_word *)output)[1].value = arm_nn_sxtab16_ror8(offsets, word);
    }
    for (; channels > 0; channels--) {
        *output++ = (int16_t)(*input++ + offset);
    }
}

/* The window at (top, left); positions outside the input are 0, as if they held the zero point. */
static void unroll_depthwise_window(int16_t *window,
                                    const int8_t *input,
                                    int32_t top,
                                    int32_t left,
                                    int32_t input_offset,
                                    const cmsis_nn_dims *input_dims,
                                    const cmsis_nn_dims *filter_dims)
{
    const int32_t channels = input_dims->c;
    for (int32_t y = top; y < top + filter_dims->h; y++) {
        for (int32_t x = left; x < left + filter_dims->w; x++, window += channels) {
            if (y < 0 || y >= input_dims->h || x < 0 || x >= input_dims->w) {
                memset(window, 0, (size_t)channels * sizeof(int16_t));
            } else {
                widen_pixel(window, input + (y * input_dims->w + x) * channels, channels, input_offset);
            }
        }
    }
}

static void convolve_pixel_opt(const int16_t *window,
                               const int8_t *filter,
                               int32_t channels,
                               int32_t positions,
                               const int32_t *bias,
                               const arm_nn_requantization *requantization,
                               int8_t *output)
{
    int32_t channel = 0;
    for (; channels - channel >= 4; channel += 4) {
        arm_nn_sums sums = arm_nn_start_sums(bias, channel);
        const int16_t *values = window + channel;
        const int8_t *weights = filter + channel;
        for (int32_t position = positions; position > 0; position--) {
            const uint32_t word = arm_nn_read_s8x4(weights);
            const uint32_t values_02 = ((const arm_nn_unaligned_word *)values)[0].value;
            const uint32_t values_13 = ((const arm_nn_unaligned_word *)values)[1].value;
            arm_nn_add_products(&sums, values_02, values_13, arm_nn_sxtb16(word), arm_nn_sxtb16_ror8(word));
            values += channels;
            weights += channels;
        }
        arm_nn_output_4(&sums, requantization, channel, output);
    }
    for (; channel < channels; channel++) {
        int32_t sum = bias ? bias[channel] : 0;
        for (int32_t position = 0; position < positions; position++) {
            sum += window[position * channels + channel] * filter[position * channels + channel];
        }
        output[channel] = arm_nn_output(sum, requantization, channel);
    }
}

arm_cmsis_nn_status arm_depthwise_conv_s8_opt(const cmsis_nn_context *ctx,
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
    (void)bias_dims;
    if (ctx->buf == NULL || !arm_depthwise_conv_is_opt(dw_conv_params, input_dims)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_requantization requantization =
        arm_depthwise_conv_requantization(dw_conv_params, quant_params);
    for (int32_t y = 0; y < output_dims->h; y++) {
        const int32_t top = y * dw_conv_params->stride.h - dw_conv_params->padding.h;
        for (int32_t x = 0; x < output_dims->w; x++) {
            const int32_t left = x * dw_conv_params->stride.w - dw_conv_params->padding.w;
            unroll_depthwise_window(
                ctx->buf, input_data, top, left, dw_conv_params->input_offset, input_dims, filter_dims);
            convolve_pixel_opt(ctx->buf,
                               filter_data,
                               input_dims->c,
                               filter_dims->h * filter_dims->w,
                               bias_data,
                               &requantization,
                               output_data);
            output_data += output_dims->c;
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
