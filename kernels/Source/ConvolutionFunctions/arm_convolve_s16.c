/* SPDX-License-Identifier: MIT */
/* CONV_2D of int16: windows are copied into two columns, which are multiplied with the filters together. */

#include "arm_convolve.h"

typedef struct {
    const int8_t *filter;
    const cmsis_nn_bias_data *bias;
    const cmsis_nn_conv_params *conv_params;
    const cmsis_nn_per_channel_quant_params *quant_params;
    int32_t output_step;
} weights;

static inline void multiply_columns(
    const void *context, const arm_nn_group *group, const int16_t *columns, int32_t count, void *output)
{
    const weights *const of = context;
    const int32_t first = group->first_channel;
    const arm_nn_requantization requantization =
        arm_convolve_requantization(of->conv_params, of->quant_params, first);
    const int32_t bias_size = of->bias->is_int32_bias ? sizeof(int32_t) : sizeof(int64_t);
    const uint8_t *const bias = of->bias->data;
    const cmsis_nn_bias_data group_bias = {bias ? bias + first * bias_size : NULL, of->bias->is_int32_bias};
    mcusim_nn_mat_mult_kernel_s16(of->filter + first * group->depth,
                                  group->channels,
                                  group->depth,
                                  columns,
                                  count,
                                  &group_bias,
                                  &requantization,
                                  output,
                                  of->output_step);
}

arm_cmsis_nn_status arm_convolve_s16(const cmsis_nn_context *ctx,
                                     const cmsis_nn_conv_params *conv_params,
                                     const cmsis_nn_per_channel_quant_params *quant_params,
                                     const cmsis_nn_dims *input_dims,
                                     const int16_t *input_data,
                                     const cmsis_nn_dims *filter_dims,
                                     const int8_t *filter_data,
                                     const cmsis_nn_dims *bias_dims,
                                     const cmsis_nn_bias_data *bias_data,
                                     const cmsis_nn_dims *output_dims,
                                     int16_t *output_data)
{
    (void)bias_dims;
    if (ctx->buf == NULL || input_dims->c % filter_dims->c != 0) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const int32_t depth = filter_dims->h * filter_dims->w * filter_dims->c;
    const arm_nn_convolution layer =
        arm_convolve_layer(conv_params, input_dims, filter_dims, output_dims, sizeof(int16_t), depth);
    const weights of = {filter_data, bias_data, conv_params, quant_params, output_dims->c};
    arm_convolve_all(ctx->buf, &layer, input_data, output_data, arm_nn_copy_pixel, multiply_columns, &of);
    return ARM_CMSIS_NN_SUCCESS;
}
