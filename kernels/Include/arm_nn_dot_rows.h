/* SPDX-License-Identifier: MIT */
/* One vector times neighbouring rows of a matrix: their dot products, added to sums. */

#ifndef ARM_NN_DOT_ROWS_H
#define ARM_NN_DOT_ROWS_H

#include "arm_nnsupportfunctions.h"

/* Dot products with two rows. */
typedef struct {
    int32_t sum_0;
    int32_t sum_1;
} arm_nn_sums_2;

/* The same in 64 bits. */
typedef struct {
    int64_t sum_0;
    int64_t sum_1;
} arm_nn_long_sums_2;

/* Products of int16 and int8 whose sum an int32 holds, whatever they are; a multiple of 4. */
#define ARM_NN_SHORT_DEPTH 508

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

/* (lhs + lhs_offset) times rhs and times the row rhs_step bytes behind it; all int8. */
static inline arm_nn_sums_2 arm_nn_dot_2_s8(
    const int8_t *lhs, int32_t lhs_offset, const int8_t *rhs, int32_t rhs_step, int32_t depth, arm_nn_sums_2 sums)
{
    const uint32_t offsets = arm_nn_pair(lhs_offset);
    int32_t k = depth;
    for (; k >= 4; k -= 4, lhs += 4, rhs += 4) {
        uint32_t word = arm_nn_read_s8x4(lhs);
        const uint32_t lhs_02 = arm_nn_sxtab16(offsets, word);
        const uint32_t lhs_13 = arm_nn_sxtab16_ror8(offsets, word);
        word = arm_nn_read_s8x4(rhs);
        sums.sum_0 = arm_nn_smlad(lhs_02, arm_nn_sxtb16(word), sums.sum_0);
        sums.sum_0 = arm_nn_smlad(lhs_13, arm_nn_sxtb16_ror8(word), sums.sum_0);
        word = arm_nn_read_s8x4(rhs + rhs_step);
        sums.sum_1 = arm_nn_smlad(lhs_02, arm_nn_sxtb16(word), sums.sum_1);
        sums.sum_1 = arm_nn_smlad(lhs_13, arm_nn_sxtb16_ror8(word), sums.sum_1);
    }
    for (; k > 0; k--) {
        const int32_t value = *lhs++ + lhs_offset;
        sums.sum_0 = arm_nn_mla(sums.sum_0, value, *rhs);
        sums.sum_1 = arm_nn_mla(sums.sum_1, value, *(rhs++ + rhs_step));
    }
    return sums;
}

/* lhs (int16) times rhs (int8) and times the row behind it; depth is at most ARM_NN_SHORT_DEPTH. */
static inline arm_nn_sums_2 arm_nn_short_dot_2_s16(
    const int16_t *lhs, const int8_t *rhs, int32_t rhs_step, int32_t depth)
{
    arm_nn_sums_2 sums = {0, 0};
    int32_t k = depth;
    for (; k >= 4; k -= 4, lhs += 4, rhs += 4) {
        const uint32_t lhs_01 = ((const arm_nn_unaligned_word *)lhs)->value;
        const uint32_t lhs_23 = ((const arm_nn_unaligned_word *)(lhs + 2))->value;
        uint32_t word = arm_nn_read_s8x4(rhs);
        uint32_t rhs_02 = arm_nn_sxtb16(word);
        uint32_t rhs_13 = arm_nn_sxtb16_ror8(word);
        sums.sum_0 = arm_nn_smlad(lhs_01, arm_nn_pkhbt(rhs_02, rhs_13), sums.sum_0);
        sums.sum_0 = arm_nn_smlad(lhs_23, arm_nn_pkhtb(rhs_13, rhs_02), sums.sum_0);
        word = arm_nn_read_s8x4(rhs + rhs_step);
        rhs_02 = arm_nn_sxtb16(word);
        rhs_13 = arm_nn_sxtb16_ror8(word);
        sums.sum_1 = arm_nn_smlad(lhs_01, arm_nn_pkhbt(rhs_02, rhs_13), sums.sum_1);
        sums.sum_1 = arm_nn_smlad(lhs_23, arm_nn_pkhtb(rhs_13, rhs_02), sums.sum_1);
    }
    for (; k > 0; k--) {
        sums.sum_0 += *lhs * *rhs;
        sums.sum_1 += *lhs++ * *(rhs++ + rhs_step);
    }
    return sums;
}

#else

static inline arm_nn_sums_2 arm_nn_dot_2_s8(
    const int8_t *lhs, int32_t lhs_offset, const int8_t *rhs, int32_t rhs_step, int32_t depth, arm_nn_sums_2 sums)
{
    const int8_t *rhs_1 = rhs + rhs_step;
    for (int32_t k = depth; k > 0; k--) {
        const int32_t value = *lhs++ + lhs_offset;
        sums.sum_0 = arm_nn_mla(sums.sum_0, value, *rhs++);
        sums.sum_1 = arm_nn_mla(sums.sum_1, value, *rhs_1++);
    }
    return sums;
}

static inline arm_nn_sums_2 arm_nn_short_dot_2_s16(
    const int16_t *lhs, const int8_t *rhs, int32_t rhs_step, int32_t depth)
{
    arm_nn_sums_2 sums = {0, 0};
    const int8_t *rhs_1 = rhs + rhs_step;
    for (int32_t k = depth; k > 0; k--) {
        const int32_t value = *lhs++;
        sums.sum_0 += value * *rhs++;
        sums.sum_1 += value * *rhs_1++;
    }
    return sums;
}

#endif

/* lhs (int16) times rhs (int8) and times the row rhs_step bytes behind it. */
static inline arm_nn_long_sums_2 arm_nn_dot_2_s16(
    const int16_t *lhs, const int8_t *rhs, int32_t rhs_step, int32_t depth, arm_nn_long_sums_2 sums)
{
    while (depth > 0) {
        const int32_t part = arm_nn_min(depth, ARM_NN_SHORT_DEPTH);
        const arm_nn_sums_2 short_sums = arm_nn_short_dot_2_s16(lhs, rhs, rhs_step, part);
        sums.sum_0 = arm_nn_wrapping_add_s64(sums.sum_0, short_sums.sum_0);
        sums.sum_1 = arm_nn_wrapping_add_s64(sums.sum_1, short_sums.sum_1);
        lhs += part;
        rhs += part;
        depth -= part;
    }
    return sums;
}

#endif
