/* SPDX-License-Identifier: MIT */
/* Four neighbouring channels at a time: their accumulators, products of their values with weights, their outputs. */

#ifndef ARM_NN_S8X4_H
#define ARM_NN_S8X4_H

#include "arm_nnsupportfunctions.h"

/* The accumulators of four neighbouring channels. */
typedef struct {
    int32_t sum_0;
    int32_t sum_1;
    int32_t sum_2;
    int32_t sum_3;
} arm_nn_sums;

static inline arm_nn_sums arm_nn_start_sums(const int32_t *bias, int32_t channel)
{
    arm_nn_sums sums = {0, 0, 0, 0};
    if (bias) {
        sums.sum_0 = bias[channel];
        sums.sum_1 = bias[channel + 1];
        sums.sum_2 = bias[channel + 2];
        sums.sum_3 = bias[channel + 3];
    }
    return sums;
}

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

/* Each channel's value times its weight, from pairs of channels 0, 2 and 1, 3. */
static inline void arm_nn_add_products(
    arm_nn_sums *sums, uint32_t values_02, uint32_t values_13, uint32_t weights_02, uint32_t weights_13)
{
    sums->sum_0 = arm_nn_smlabb(values_02, weights_02, sums->sum_0);
    sums->sum_1 = arm_nn_smlabb(values_13, weights_13, sums->sum_1);
    sums->sum_2 = arm_nn_smlatt(values_02, weights_02, sums->sum_2);
    sums->sum_3 = arm_nn_smlatt(values_13, weights_13, sums->sum_3);
}

/* The offset of all four values, as the products take it. */
static inline uint32_t arm_nn_offset_s8x4(int32_t offset)
{
    return arm_nn_pair(offset);
}

/* Each channel's value plus offset times its weight, from words of four values and four weights. */
static inline void arm_nn_add_products_s8x4(arm_nn_sums *sums, uint32_t values, uint32_t weights, uint32_t offset)
{
    arm_nn_add_products(sums,
                        arm_nn_sxtab16(offset, values),
                        arm_nn_sxtab16_ror8(offset, values),
                        arm_nn_sxtb16(weights),
                        arm_nn_sxtb16_ror8(weights));
}

#else

/* The offset of all four values, as the products take it. */
static inline uint32_t arm_nn_offset_s8x4(int32_t offset)
{
    return (uint32_t)offset;
}

/* Each channel's value plus offset times its weight, from words of four values and four weights. */
static inline void arm_nn_add_products_s8x4(arm_nn_sums *sums, uint32_t values, uint32_t weights, uint32_t offset)
{
    sums->sum_0 = arm_nn_mla(sums->sum_0, (int8_t)values + (int32_t)offset, (int8_t)weights);
    sums->sum_1 = arm_nn_mla(sums->sum_1, (int8_t)(values >> 8) + (int32_t)offset, (int8_t)(weights >> 8));
    sums->sum_2 = arm_nn_mla(sums->sum_2, (int8_t)(values >> 16) + (int32_t)offset, (int8_t)(weights >> 16));
    sums->sum_3 = arm_nn_mla(sums->sum_3, (int8_t)(values >> 24) + (int32_t)offset, (int8_t)(weights >> 24));
}

#endif

static inline void arm_nn_output_4(const arm_nn_sums *sums,
                                   const arm_nn_requantization *requantization,
                                   int32_t channel,
                                   int8_t *output)
{
    /* A copy, so that writing outputs is seen not to change it. */
    const arm_nn_requantization scaling = *requantization;
    const int32_t *const multiplier = scaling.multiplier + channel;
    const int32_t *const shift = scaling.shift + channel;
    output += channel;
    output[0] = arm_nn_scaled_output(sums->sum_0, multiplier[0], shift[0], &scaling);
    output[1] = arm_nn_scaled_output(sums->sum_1, multiplier[1], shift[1], &scaling);
    output[2] = arm_nn_scaled_output(sums->sum_2, multiplier[2], shift[2], &scaling);
    output[3] = arm_nn_scaled_output(sums->sum_3, multiplier[3], shift[3], &scaling);
}

#endif
