/* SPDX-License-Identifier: MIT */
/* Products of two rows of one matrix with two of another: their accumulators, and int8 filters times int16 columns. */

#ifndef ARM_NN_2X2_H
#define ARM_NN_2X2_H

#include "arm_nnsupportfunctions.h"

typedef struct {
    int32_t sum_00;
    int32_t sum_01;
    int32_t sum_10;
    int32_t sum_11;
} arm_nn_sums_2x2;

/* sum_rc += filter row r times column c, as a function of its own: the loops have the registers to themselves. */
void mcusim_nn_multiply_2x2_s8_s16(arm_nn_sums_2x2 *sums,
                                   const int8_t *filter,
                                   int32_t filter_step,
                                   const int16_t *column,
                                   int32_t column_step,
                                   int32_t depth);

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

static inline uint32_t arm_nn_read_s16x2(const int16_t *source)
{
    return ((const arm_nn_unaligned_word *)source)->value;
}

/* sum_rc += filter row r times column c; second rows and columns are addressed by their distance to spare registers. */
static inline arm_nn_sums_2x2 arm_nn_multiply_2x2_s8_s16(const int8_t *filter,
                                                         int32_t filter_step,
                                                         const int16_t *column,
                                                         int32_t column_step,
                                                         int32_t depth,
                                                         arm_nn_sums_2x2 sums)
{
    const int16_t *const end = column + (depth & ~3);
    while (column < end) {
        uint32_t word = arm_nn_read_s8x4(filter + filter_step);
        uint32_t pair = arm_nn_sxtb16(word);
        word = arm_nn_sxtb16_ror8(word);
        const uint32_t filter_1_01 = arm_nn_pkhbt(pair, word);
        const uint32_t filter_1_23 = arm_nn_pkhtb(word, pair);
        word = arm_nn_read_s8x4(filter);
        filter += 4;
        pair = arm_nn_sxtb16(word);
        word = arm_nn_sxtb16_ror8(word);
        const uint32_t filter_0_01 = arm_nn_pkhbt(pair, word);
        const uint32_t filter_0_23 = arm_nn_pkhtb(word, pair);
        pair = arm_nn_read_s16x2(column + column_step);
        sums.sum_01 = arm_nn_smlad(filter_0_01, pair, sums.sum_01);
        sums.sum_11 = arm_nn_smlad(filter_1_01, pair, sums.sum_11);
        pair = arm_nn_read_s16x2(column + column_step + 2);
        sums.sum_01 = arm_nn_smlad(filter_0_23, pair, sums.sum_01);
        sums.sum_11 = arm_nn_smlad(filter_1_23, pair, sums.sum_11);
        pair = arm_nn_read_s16x2(column);
        sums.sum_00 = arm_nn_smlad(filter_0_01, pair, sums.sum_00);
        sums.sum_10 = arm_nn_smlad(filter_1_01, pair, sums.sum_10);
        pair = arm_nn_read_s16x2(column + 2);
        column += 4;
        sums.sum_00 = arm_nn_smlad(filter_0_23, pair, sums.sum_00);
        sums.sum_10 = arm_nn_smlad(filter_1_23, pair, sums.sum_10);
    }
    for (int32_t k = depth & 3; k > 0; k--) {
        sums.sum_00 = arm_nn_mla(sums.sum_00, *filter, *column);
        sums.sum_01 = arm_nn_mla(sums.sum_01, *filter, column[column_step]);
        sums.sum_10 = arm_nn_mla(sums.sum_10, filter[filter_step], *column);
        sums.sum_11 = arm_nn_mla(sums.sum_11, *(filter++ + filter_step), *(column++ + column_step));
    }
    return sums;
}

#else

/* sum_rc += filter row r times column c. */
static inline arm_nn_sums_2x2 arm_nn_multiply_2x2_s8_s16(const int8_t *filter,
                                                         int32_t filter_step,
                                                         const int16_t *column,
                                                         int32_t column_step,
                                                         int32_t depth,
                                                         arm_nn_sums_2x2 sums)
{
    const int8_t *filter_1 = filter + filter_step;
    const int16_t *column_1 = column + column_step;
    for (int32_t k = depth; k > 0; k--) {
        const int32_t filter_0_value = *filter++;
        const int32_t filter_1_value = *filter_1++;
        const int32_t column_0_value = *column++;
        const int32_t column_1_value = *column_1++;
        sums.sum_00 = arm_nn_mla(sums.sum_00, filter_0_value, column_0_value);
        sums.sum_01 = arm_nn_mla(sums.sum_01, filter_0_value, column_1_value);
        sums.sum_10 = arm_nn_mla(sums.sum_10, filter_1_value, column_0_value);
        sums.sum_11 = arm_nn_mla(sums.sum_11, filter_1_value, column_1_value);
    }
    return sums;
}

#endif

#endif
