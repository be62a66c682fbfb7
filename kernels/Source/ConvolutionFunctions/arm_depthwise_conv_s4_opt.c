/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D with int4 weights, channel multiplier 1: the window as int16, then four channels at a time. */

#include "arm_depthwise_conv.h"
#include "arm_nn_s4.h"
#include "arm_nn_widen.h"

/* On its own, so that its registers are not shared with the walk over the pixels. */
__attribute__((noinline)) static void convolve_pixel(const void *context, int32_t pixel)
{
    const arm_nn_dw_unrolled *const of = context;
    const int32_t channels = of->channels;
    const int32_t end = of->positions * channels;
    int8_t *const output = (int8_t *)of->output + pixel;
    const int32_t *const bias = of->bias;
    int32_t channel = 0;
    for (; channels - channel >= 4; channel += 4) {
        arm_nn_sums sums = arm_nn_start_sums(bias, channel);
        for (int32_t element = channel; element < end; element += channels) {
            arm_nn_add_products_s4x4(&sums, of->column + element, of->filter, element);
        }
        arm_nn_output_4(&sums, &of->requantization, channel, output);
    }
    for (; channel < channels; channel++) {
        int32_t sum = bias ? bias[channel] : 0;
        for (int32_t element = channel; element < end; element += channels) {
            sum = arm_nn_mla(sum, of->column[element], arm_nn_read_s4(of->filter, element));
        }
        output[channel] = arm_nn_output(sum, &of->requantization, channel);
    }
}

arm_cmsis_nn_status arm_depthwise_conv_s4_opt(const cmsis_nn_context *ctx,
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
    if (!arm_depthwise_conv_is_opt(dw_conv_params, input_dims)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_depthwise layer = {dw_conv_params, input_dims, filter_dims, output_dims};
    return arm_depthwise_conv_unrolled(ctx,
                                       &layer,
                                       quant_params,
                                       input_data,
                                       filter_data,
                                       bias_data,
                                       output_data,
                                       sizeof(int8_t),
                                       arm_nn_widen_pixel_s8,
                                       convolve_pixel);
}
