/* SPDX-License-Identifier: MIT */
/* One int8 vector with an offset times two others. */

#ifndef ARM_NN_DOT_H
#define ARM_NN_DOT_H

#include "arm_nnsupportfunctions.h"

typedef struct {
    int32_t dot_0;
    int32_t dot_1;
} arm_nn_dots;

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

/* The second vector lies weight_step elements behind the first. */
static inline arm_nn_dots arm_nn_dot_1x2(
    const int8_t *values, int32_t offset, const int8_t *weights, int32_t weight_step, int32_t depth)
{
    const uint32_t offsets = arm_nn_pair(offset);
    arm_nn_dots dots = {0, 0};
    for (; depth >= 4; depth -= 4, values += 4, weights += 4) {
        const uint32_t word = arm_nn_read_s8x4(values);
        const uint32_t values_02 = arm_nn_sxtab16(offsets, word);
        const uint32_t values_13 = arm_nn_sxtab16_ror8(offsets, word);
        const uint32_t weights_0 = arm_nn_read_s8x4(weights);
        const uint32_t weights_1 = arm_nn_read_s8x4(weights + weight_step);
        dots.dot_0 = arm_nn_smlad(values_02, arm_nn_sxtb16(weights_0), dots.dot_0);
        dots.dot_0 = arm_nn_smlad(values_13, arm_nn_sxtb16_ror8(weights_0), dots.dot_0);
        dots.dot_1 = arm_nn_smlad(values_02, arm_nn_sxtb16(weights_1), dots.dot_1);
        dots.dot_1 = arm_nn_smlad(values_13, arm_nn_sxtb16_ror8(weights_1), dots.dot_1);
    }
    for (; depth > 0; depth--, weights++) {
        const int32_t value = *values++ + offset;
        dots.dot_0 = arm_nn_mla(dots.dot_0, value, weights[0]);
        dots.dot_1 = arm_nn_mla(dots.dot_1, value, weights[weight_step]);
    }
    return dots;
}

#else

/* The second vector lies weight_step elements behind the first. */
static inline arm_nn_dots arm_nn_dot_1x2(
    const int8_t *values, int32_t offset, const int8_t *weights, int32_t weight_step, int32_t depth)
{
    arm_nn_dots dots = {0, 0};
    for (; depth > 0; depth--, weights++) {
        const int32_t value = *values++ + offset;
        dots.dot_0 = arm_nn_mla(dots.dot_0, value, weights[0]);
        dots.dot_1 = arm_nn_mla(dots.dot_1, value, weights[weight_step]);
    }
    return dots;
}

#endif

#endif
