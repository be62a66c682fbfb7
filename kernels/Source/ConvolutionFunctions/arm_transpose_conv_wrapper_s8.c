/* SPDX-License-Identifier: MIT */
/* TRANSPOSE_CONV: a convolution with the reversed filter, or arm_transpose_conv_s8. */

#include "arm_transpose_conv.h"

/* Each filter's positions in the opposite order. */
static void reverse_filter(int8_t *reversed, const int8_t *filter, const cmsis_nn_dims *filter_dims)
{
    const int32_t positions = filter_dims->h * filter_dims->w;
    const int32_t channels = filter_dims->c;
    for (int32_t channel = 0; channel < filter_dims->n; channel++) {
        for (int32_t position = positions; position > 0; position--) {
            memcpy(reversed, filter + (position - 1) * channels, (size_t)channels);
            reversed += channels;
        }
        filter += positions * channels;
    }
}

arm_cmsis_nn_status arm_transpose_conv_wrapper_s8(const cmsis_nn_context *ctx,
                                                  const cmsis_nn_context *reverse_conv_ctx,
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
    if (!arm_transpose_conv_is_reversed(transpose_conv_params, input_dims)) {
        return arm_transpose_conv_s8(ctx,
                                     reverse_conv_ctx,
                                     transpose_conv_params,
                                     quant_params,
                                     input_dims,
                                     input_data,
                                     filter_dims,
                                     filter_data,
                                     bias_dims,
                                     bias_data,
                                     output_dims,
                                     output_data);
    }
    if (reverse_conv_ctx->buf == NULL) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    reverse_filter(reverse_conv_ctx->buf, filter_data, filter_dims);
    const cmsis_nn_tile *const padding = &transpose_conv_params->padding;
    const cmsis_nn_conv_params conv_params = {.input_offset = transpose_conv_params->input_offset,
                                              .output_offset = transpose_conv_params->output_offset,
                                              .stride = {1, 1},
                                              .padding = {filter_dims->w - 1 - padding->w,
                                                          filter_dims->h - 1 - padding->h},
                                              .dilation = {1, 1},
                                              .activation = transpose_conv_params->activation};
    const cmsis_nn_dims upscale_dims = {
        .n = 1, .h = transpose_conv_params->stride.h, .w = transpose_conv_params->stride.w, .c = 1};
    return arm_convolve_s8(ctx,
                           &conv_params,
                           quant_params,
                           input_dims,
                           input_data,
                           filter_dims,
                           reverse_conv_ctx->buf,
                           bias_dims,
                           bias_data,
                           &upscale_dims,
                           output_dims,
                           output_data);
}
