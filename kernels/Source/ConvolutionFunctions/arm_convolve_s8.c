/* SPDX-License-Identifier: MIT */
/* CONV_2D of any kind: windows are unrolled into two int16 columns, which are multiplied with the filters together. */

#include "arm_convolve.h"
#include "arm_nn_widen.h"

/* The window at (top, left) as a column; positions outside the input are 0, as if they held the zero point. */
static void unroll_window(int16_t *column,
                          const int8_t *input,
                          int32_t top,
                          int32_t left,
                          const cmsis_nn_conv_params *conv_params,
                          const cmsis_nn_dims *input_dims,
                          const cmsis_nn_dims *filter_dims)
{
    const int32_t channels = filter_dims->c;
    for (int32_t ky = 0; ky < filter_dims->h; ky++) {
        const int32_t y = top + ky * conv_params->dilation.h;
        for (int32_t kx = 0; kx < filter_dims->w; kx++, column += channels) {
            const int32_t x = left + kx * conv_params->dilation.w;
            if (y < 0 || y >= input_dims->h || x < 0 || x >= input_dims->w) {
                memset(column, 0, (size_t)channels * sizeof(int16_t));
            } else {
                const int8_t *pixel = input + (y * input_dims->w + x) * input_dims->c;
                arm_nn_widen(column, pixel, channels, conv_params->input_offset);
            }
        }
    }
}

/* All output pixels of one image for one group: `channels` filters on filter_dims->c channels from `input` on. */
static void convolve_group(int16_t *columns,
                           const cmsis_nn_conv_params *conv_params,
                           const arm_nn_requantization *requantization,
                           const cmsis_nn_dims *input_dims,
                           const int8_t *input,
                           const cmsis_nn_dims *filter_dims,
                           const int8_t *filter,
                           const int32_t *bias,
                           int32_t channels,
                           const cmsis_nn_dims *output_dims,
                           int8_t *output)
{
    const int32_t depth = filter_dims->h * filter_dims->w * filter_dims->c;
    const int32_t column_step = (depth + 3) & ~3;
    int32_t filled = 0;
    for (int32_t y = 0; y < output_dims->h; y++) {
        const int32_t top = y * conv_params->stride.h - conv_params->padding.h;
        for (int32_t x = 0; x < output_dims->w; x++) {
            const int32_t left = x * conv_params->stride.w - conv_params->padding.w;
            unroll_window(columns + filled * column_step, input, top, left, conv_params, input_dims, filter_dims);
            if (++filled == 2) {
                mcusim_nn_mat_mult_kernel_s8_s16(
                    filter, channels, depth, columns, column_step, bias, requantization, output, output_dims->c);
                output += 2 * output_dims->c;
                filled = 0;
            }
        }
    }
    if (filled) {
        /* An odd last column is paired with itself. */
        mcusim_nn_mat_mult_kernel_s8_s16(filter, channels, depth, columns, 0, bias, requantization, output, 0);
    }
}

arm_cmsis_nn_status arm_convolve_s8(const cmsis_nn_context *ctx,
                                    const cmsis_nn_conv_params *conv_params,
                                    const cmsis_nn_per_channel_quant_params *quant_params,
                                    const cmsis_nn_dims *input_dims,
                                    const int8_t *input_data,
                                    const cmsis_nn_dims *filter_dims,
                                    const int8_t *filter_data,
                                    const cmsis_nn_dims *bias_dims,
                                    const int32_t *bias_data,
                                    const cmsis_nn_dims *upscale_dims,
                                    const cmsis_nn_dims *output_dims,
                                    int8_t *output_data)
{
    (void)bias_dims;
    if (ctx->buf == NULL || upscale_dims != NULL || input_dims->c % filter_dims->c != 0) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const int32_t groups = input_dims->c / filter_dims->c;
    const int32_t channels = output_dims->c / groups;
    const int32_t filter_size = filter_dims->h * filter_dims->w * filter_dims->c;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t group = 0; group < groups; group++) {
            const int32_t first = group * channels;
            const arm_nn_requantization requantization =
                arm_convolve_requantization(conv_params, quant_params, first);
            convolve_group(ctx->buf,
                           conv_params,
                           &requantization,
                           input_dims,
                           input_data + group * filter_dims->c,
                           filter_dims,
                           filter_data + first * filter_size,
                           bias_data ? bias_data + first : NULL,
                           channels,
                           output_dims,
                           output_data + first);
        }
        input_data += input_dims->h * input_dims->w * input_dims->c;
        output_data += output_dims->h * output_dims->w * output_dims->c;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
