/* SPDX-License-Identifier: MIT */
/* CONV_2D of any kind: windows are unrolled into two int16 columns, which are multiplied with the filters together. */

#include "arm_convolve.h"
#include "arm_nn_widen.h"

typedef struct {
    const int8_t *filter;
    const int32_t *bias;
    const cmsis_nn_conv_params *conv_params;
    const cmsis_nn_per_channel_quant_params *quant_params;
    int32_t column_step;
    int32_t output_step;
} weights;

static inline void multiply_columns(
    const void *context, const arm_nn_group *group, const int16_t *columns, int32_t count, void *output)
{
    const weights *const of = context;
    const arm_nn_requantization requantization =
        arm_convolve_requantization(of->conv_params, of->quant_params, group->first_channel);
    /* A column alone is paired with itself. */
    mcusim_nn_mat_mult_kernel_s8_s16(of->filter + group->first_channel * group->depth,
                                     group->channels,
                                     group->depth,
                                     columns,
                                     count == 2 ? of->column_step : 0,
                                     of->bias ? of->bias + group->first_channel : NULL,
                                     &requantization,
                                     output,
                                     count == 2 ? of->output_step : 0);
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
    if (ctx->buf == NULL || input_dims->c % filter_dims->c != 0) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const int32_t depth = filter_dims->h * filter_dims->w * filter_dims->c;
    const int32_t column_step = (depth + 3) & ~3;
    arm_nn_convolution layer =
        arm_convolve_layer(conv_params, input_dims, filter_dims, output_dims, sizeof(int8_t), column_step);
    const weights of = {filter_data, bias_data, conv_params, quant_params, column_step, output_dims->c};
    if (upscale_dims == NULL) {
        arm_convolve_all(ctx->buf, &layer, input_data, output_data, arm_nn_widen_pixel_s8, multiply_columns, &of);
        return ARM_CMSIS_NN_SUCCESS;
    }
    if (upscale_dims->w < 1 || upscale_dims->w > 2 || upscale_dims->h < 1 || upscale_dims->h > 2) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    layer.unrolling.upscale_w = upscale_dims->w - 1;
    layer.unrolling.upscale_h = upscale_dims->h - 1;
    arm_convolve_all(ctx->buf, &layer, input_data, output_data, arm_nn_widen_pixel_s8, multiply_columns, &of);
    return ARM_CMSIS_NN_SUCCESS;
}
