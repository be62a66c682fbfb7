/* SPDX-License-Identifier: MIT */
/* Dot products of two int16 vectors. */

#ifndef ARM_NN_DOT_S16_S16_H
#define ARM_NN_DOT_S16_S16_H

#include "arm_nnsupportfunctions.h"

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

static inline int64_t arm_nn_dot_s16_s16(const int16_t *lhs, const int16_t *rhs, int32_t depth)
{
    int64_t sum = 0;
    for (; depth >= 4; depth -= 4, lhs += 4, rhs += 4) {
        const arm_nn_unaligned_word *const lhs_words = (const arm_nn_unaligned_word *)lhs;
        const arm_nn_unaligned_word *const rhs_words = (const arm_nn_unaligned_word *)rhs;
        sum = arm_nn_smlald(lhs_words[0].value, rhs_words[0].value, sum);
        sum = arm_nn_smlald(lhs_words[1].value, rhs_words[1].value, sum);
    }
    for (; depth > 0; depth--) {
        sum += *lhs++ * *rhs++;
    }
    return sum;
}

/* Modulo 2^32. */
static inline int32_t arm_nn_short_dot_s16_s16(const int16_t *lhs, const int16_t *rhs, int32_t depth)
{
    int32_t sum = 0;
    for (; depth >= 2; depth -= 2, lhs += 2, rhs += 2) {
        const uint32_t pair = ((const arm_nn_unaligned_word *)lhs)->value;
        sum = arm_nn_smlad(pair, ((const arm_nn_unaligned_word *)rhs)->value, sum);
    }
    return depth > 0 ? (int32_t)((uint32_t)sum + (uint32_t)(*lhs * *rhs)) : sum;
}

#else

static inline int64_t arm_nn_dot_s16_s16(const int16_t *lhs, const int16_t *rhs, int32_t depth)
{
    int64_t sum = 0;
    for (; depth > 0; depth--) {
        sum += *lhs++ * *rhs++;
    }
    return sum;
}

/* Modulo 2^32. */
static inline int32_t arm_nn_short_dot_s16_s16(const int16_t *lhs, const int16_t *rhs, int32_t depth)
{
    uint32_t sum = 0;
    for (; depth > 0; depth--) {
        sum += (uint32_t)(*lhs++ * *rhs++);
    }
    return (int32_t)sum;
}

#endif

#endif
