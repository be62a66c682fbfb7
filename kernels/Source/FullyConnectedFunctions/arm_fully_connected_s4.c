/* SPDX-License-Identifier: MIT */
/* FULLY_CONNECTED of int8 by int4 weights with one multiplier and shift for all output channels. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"
#endif

/* The weights in the low and in the high half of a byte. */
static inline int32_t low_weight(int8_t packed)
{
    return (int8_t)((uint8_t)packed << 4) >> 4;
}

static inline int32_t high_weight(int8_t packed)
{
    return packed >> 4;
}

#ifdef __ARM_FEATURE_DSP

/* Two weights in the low bits of the halves of a word, as two int16. */
static inline uint32_t extend(uint32_t weights)
{
    return arm_nn_ssub16((weights & 0x000F000FU) ^ 0x00080008U, 0x00080008U);
}

/* sum + (values + offset) * weights of an even number of weights that begin with a byte. */
static inline int32_t dot_even(
    const int8_t *values, int32_t offset, const int8_t *packed, int32_t depth, int32_t sum)
{
    const uint32_t offsets = arm_nn_pair(offset);
    for (; depth >= 4; depth -= 4, values += 4, packed += 2) {
        const uint32_t word = arm_nn_read_s8x4(values);
        const uint32_t bytes = (uint8_t)packed[0] | ((uint32_t)(uint8_t)packed[1] << 16);
        sum = arm_nn_smlad(arm_nn_sxtab16(offsets, word), extend(bytes), sum);
        sum = arm_nn_smlad(arm_nn_sxtab16_ror8(offsets, word), extend(bytes >> 4), sum);
    }
    if (depth >= 2) {
        sum = arm_nn_mla(sum, values[0] + offset, low_weight(*packed));
        sum = arm_nn_mla(sum, values[1] + offset, high_weight(*packed));
    }
    return sum;
}

#else

static inline int32_t dot_even(
    const int8_t *values, int32_t offset, const int8_t *packed, int32_t depth, int32_t sum)
{
    for (; depth >= 2; depth -= 2, values += 2, packed++) {
        sum = arm_nn_mla(sum, values[0] + offset, low_weight(*packed));
        sum = arm_nn_mla(sum, values[1] + offset, high_weight(*packed));
    }
    return sum;
}

#endif

/* sum + (values + offset) * weights of `depth` weights from the `first`th on. */
static inline int32_t dot(
    const int8_t *values, int32_t offset, const int8_t *packed, int32_t first, int32_t depth, int32_t sum)
{
    packed += first >> 1;
    if ((first & 1) && depth > 0) {
        sum = arm_nn_mla(sum, *values++ + offset, high_weight(*packed++));
        depth--;
    }
    sum = dot_even(values, offset, packed, depth & ~1, sum);
    if (depth & 1) {
        sum = arm_nn_mla(sum, values[depth - 1] + offset, low_weight(packed[depth >> 1]));
    }
    return sum;
}

arm_cmsis_nn_status arm_fully_connected_s4(const cmsis_nn_context *ctx,
                                           const cmsis_nn_fc_params *fc_params,
                                           const cmsis_nn_per_tensor_quant_params *quant_params,
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
    const int32_t depth = filter_dims->n;
    const arm_nn_requantization requantization = {.multiplier = &quant_params->multiplier,
                                                  .shift = &quant_params->shift,
                                                  .output_offset = fc_params->output_offset,
                                                  .activation_min = fc_params->activation.min,
                                                  .activation_max = fc_params->activation.max};
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t channel = 0; channel < output_dims->c; channel++) {
            const int32_t bias = bias_data ? bias_data[channel] : 0;
            const int32_t sum =
                dot(input_data, fc_params->input_offset, filter_data, channel * depth, depth, bias);
            *output_data++ = arm_nn_output(sum, &requantization, 0);
        }
        input_data += depth;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
