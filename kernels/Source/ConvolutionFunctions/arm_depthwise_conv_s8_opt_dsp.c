/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D with channel multiplier 1: the window is widened to int16 once, then four channels at a time. */

#include "arm_depthwise_conv.h"
#include "arm_nn_s8x4.h"

/*
 * One pixel to int16 with an offset. Of each four channels, 0 and 2 go into the first word, 1 and 3 into the second,
 * which is how SXTB16 unpacks the filter's bytes; the channels beyond the last four stay in order.
 */
static inline void widen_pixel(int16_t *column, const void *pixel, int32_t channels, int32_t offset)
{
    const int8_t *input = pixel;
    const uint32_t offsets = arm_nn_pair(offset);
    for (; channels >= 4; channels -= 4, input += 4, column += 4) {
        const uint32_t word = arm_nn_read_s8x4(input);
        ((arm_nn_unaligned_word *)column)[0].value = arm_nn_sxtab16(offsets, word);
        ((arm_nn_unaligned_word *)column)[1].value = arm_nn_sxtab16_ror8(offsets, word);
    }
    for (; channels > 0; channels--) {
        *column++ = (int16_t)(*input++ + offset);
    }
}

/* On its own, so that its registers are not shared with the walk over the pixels. */
__attribute__((noinline)) static void convolve_pixel(const void *context, int32_t pixel)
{
    const arm_nn_dw_unrolled *const of = context;
    const int32_t channels = of->channels;
    int8_t *const output = (int8_t *)of->output + pixel;
    const int32_t *const bias = of->bias;
    int32_t channel = 0;
    for (; channels - channel >= 4; channel += 4) {
        arm_nn_sums sums = arm_nn_start_sums(bias, channel);
        const int16_t *values = of->column + channel;
        const int8_t *weights = of->filter + channel;
        for (int32_t position = of->positions; position > 0; position--) {
            const uint32_t word = arm_nn_read_s8x4(weights);
            const uint32_t values_02 = ((const arm_nn_unaligned_word *)values)[0].value;
            const uint32_t values_13 = ((const arm_nn_unaligned_word *)values)[1].value;
            arm_nn_add_products(&sums, values_02, values_13, arm_nn_sxtb16(word), arm_nn_sxtb16_ror8(word));
            values += channels;
            weights += channels;
        }
        arm_nn_output_4(&sums, &of->requantization, channel, output);
    }
    for (; channel < channels; channel++) {
        int32_t sum = bias ? bias[channel] : 0;
        for (int32_t element = channel; element < of->positions * channels; element += channels) {
            sum = arm_nn_mla(sum, of->column[element], of->filter[element]);
        }
        output[channel] = arm_nn_output(sum, &of->requantization, channel);
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
                                       widen_pixel,
                                       convolve_pixel);
}
