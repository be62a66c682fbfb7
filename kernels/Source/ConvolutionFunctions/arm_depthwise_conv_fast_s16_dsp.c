/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D of int16 with channel multiplier 1: the window is copied once, then four channels at a time. */

#include "arm_depthwise_conv.h"
#include "arm_nn_dsp.h"
#include "arm_nn_s8x4.h"

static inline int16_t output_of(const arm_nn_dw_unrolled *of, int32_t sum, int32_t channel)
{
    const int64_t *const bias = of->bias;
    const int64_t whole = arm_nn_wrapping_add_s64(sum, bias ? bias[channel] : 0);
    return arm_nn_output_s64(whole, &of->requantization, channel);
}

/* On its own, so that its registers are not shared with the walk over the pixels. */
__attribute__((noinline)) static void convolve_pixel(const void *context, int32_t pixel)
{
    const arm_nn_dw_unrolled *const of = context;
    const int32_t channels = of->channels;
    int16_t *const output = (int16_t *)of->output + pixel;
    int32_t channel = 0;
    for (; channels - channel >= 4; channel += 4) {
        arm_nn_sums sums = {0, 0, 0, 0};
        const int16_t *values = of->column + channel;
        const int8_t *weights = of->filter + channel;
        for (int32_t position = of->positions; position > 0; position--) {
            const uint32_t word = arm_nn_read_s8x4(weights);
            const uint32_t weights_02 = arm_nn_sxtb16(word);
            const uint32_t weights_13 = arm_nn_sxtb16_ror8(word);
            const uint32_t values_01 = ((const arm_nn_unaligned_word *)values)[0].value;
            const uint32_t values_23 = ((const arm_nn_unaligned_word *)values)[1].value;
            sums.sum_0 = arm_nn_smlabb(values_01, weights_02, sums.sum_0);
            sums.sum_1 = arm_nn_smlatb(values_01, weights_13, sums.sum_1);
            sums.sum_2 = arm_nn_smlabt(values_23, weights_02, sums.sum_2);
            sums.sum_3 = arm_nn_smlatt(values_23, weights_13, sums.sum_3);
            values += channels;
            weights += channels;
        }
        output[channel] = output_of(of, sums.sum_0, channel);
        output[channel + 1] = output_of(of, sums.sum_1, channel + 1);
        output[channel + 2] = output_of(of, sums.sum_2, channel + 2);
        output[channel + 3] = output_of(of, sums.sum_3, channel + 3);
    }
    for (; channel < channels; channel++) {
        int32_t sum = 0;
        for (int32_t element = channel; element < of->positions * channels; element += channels) {
            sum = arm_nn_mla(sum, of->column[element], of->filter[element]);
        }
        output[channel] = output_of(of, sum, channel);
    }
}

arm_cmsis_nn_status arm_depthwise_conv_fast_s16(const cmsis_nn_context *ctx,
                                                const cmsis_nn_dw_conv_params *dw_conv_params,
                                                const cmsis_nn_per_channel_quant_params *quant_params,
                                                const cmsis_nn_dims *input_dims,
                                                const int16_t *input_data,
                                                const cmsis_nn_dims *filter_dims,
                                                const int8_t *filter_data,
                                                const cmsis_nn_dims *bias_dims,
                                                const int64_t *bias_data,
                                                const cmsis_nn_dims *output_dims,
                                                int16_t *output_data)
{
    (void)bias_dims;
    if (!arm_depthwise_conv_is_fast_s16(dw_conv_params, filter_dims)) {
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
                                       sizeof(int16_t),
                                       arm_nn_copy_pixel,
                                       convolve_pixel);
}
