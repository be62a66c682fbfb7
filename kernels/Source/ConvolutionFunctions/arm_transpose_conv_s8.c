/* SPDX-License-Identifier: MIT */
/* TRANSPOSE_CONV of any kind: each input pixel times the filters is added to rows of int32, which leave as outputs. */

#include "arm_nn_dot.h"
#include "arm_transpose_conv.h"

/* Rows of the whole result, `width` sums of `channels` each: row y is the (y % height)-th. */
typedef struct {
    int32_t *sums;
    int32_t width;
    int32_t height;
    int32_t channels;
} ring;

static inline int32_t *row_of(const ring *rows, int32_t y)
{
    return rows->sums + y % rows->height * rows->width * rows->channels;
}

static void clear(const ring *rows, int32_t *first, int32_t count)
{
    memset(first, 0, (size_t)(count * rows->width * rows->channels) * sizeof(int32_t));
}

/* Adds one pixel times row `ky` of all filters to the sums of its positions. */
static void add_pixel(int32_t *sums,
                      int32_t output_channels,
                      const int8_t *pixel,
                      int32_t input_offset,
                      const int8_t *filter,
                      const cmsis_nn_dims *filter_dims)
{
    const int32_t channels = filter_dims->c;
    const int32_t filter_size = filter_dims->h * filter_dims->w * channels;
    for (int32_t channel = 0; channel < output_channels; channel += 2) {
        /* An odd last filter is paired with itself, and its second product thrown away. */
        const int32_t next = channel + 1 < output_channels;
        for (int32_t kx = 0; kx < filter_dims->w; kx++) {
            const arm_nn_dots dots =
                arm_nn_dot_1x2(pixel, input_offset, filter + kx * channels, next * filter_size, channels);
            int32_t *const sum = sums + kx * output_channels + channel;
            sum[0] = arm_nn_wrapping_add(sum[0], dots.dot_0);
            if (next) {
                sum[1] = arm_nn_wrapping_add(sum[1], dots.dot_1);
            }
        }
        filter += 2 * filter_size;
    }
}

/* A row of sums as a row of outputs; beyond the sums there is only the bias. */
static void write_row(int8_t *output,
                      int32_t width,
                      const ring *rows,
                      const int32_t *sums,
                      int32_t crop,
                      const int32_t *bias,
                      const arm_nn_requantization *requantization)
{
    for (int32_t x = crop; x < crop + width; x++) {
        for (int32_t channel = 0; channel < rows->channels; channel++) {
            const int32_t start = bias ? bias[channel] : 0;
            const int32_t sum = x < rows->width ? sums[x * rows->channels + channel] : 0;
            *output++ = arm_nn_output(arm_nn_wrapping_add(sum, start), requantization, channel);
        }
    }
}

arm_cmsis_nn_status arm_transpose_conv_s8(const cmsis_nn_context *ctx,
                                          const cmsis_nn_context *output_ctx,
                                          const cmsis_nn_transpose_conv_params *transpose_conv_params,
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
    (void)output_ctx;
    (void)bias_dims;
    if (ctx->buf == NULL) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const cmsis_nn_tile *const stride = &transpose_conv_params->stride;
    const cmsis_nn_tile *const padding = &transpose_conv_params->padding;
    const arm_nn_requantization requantization = {.multiplier = quant_params->multiplier,
                                                  .shift = quant_params->shift,
                                                  .output_offset = transpose_conv_params->output_offset,
                                                  .activation_min = transpose_conv_params->activation.min,
                                                  .activation_max = transpose_conv_params->activation.max};
    const ring rows = {.sums = ctx->buf,
                       .width = (input_dims->w - 1) * stride->w + filter_dims->w,
                       .height = arm_nn_max(filter_dims->h, stride->h),
                       .channels = output_dims->c};
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        clear(&rows, rows.sums, rows.height);
        for (int32_t y = 0; y < output_dims->h + padding->h; y++) {
            /* Before a row leaves, the last input row that reaches it has been added. */
            if (y % stride->h == 0 && y / stride->h < input_dims->h) {
                for (int32_t x = 0; x < input_dims->w; x++, input_data += input_dims->c) {
                    for (int32_t ky = 0; ky < filter_dims->h; ky++) {
                        add_pixel(row_of(&rows, y + ky) + x * stride->w * rows.channels,
                                  rows.channels,
                                  input_data,
                                  transpose_conv_params->input_offset,
                                  filter_data + ky * filter_dims->w * filter_dims->c,
                                  filter_dims);
                    }
                }
            }
            int32_t *const sums = row_of(&rows, y);
            if (y >= padding->h) {
                write_row(output_data, output_dims->w, &rows, sums, padding->w, bias_data, &requantization);
                output_data += output_dims->w * rows.channels;
            }
            clear(&rows, sums, 1);
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
