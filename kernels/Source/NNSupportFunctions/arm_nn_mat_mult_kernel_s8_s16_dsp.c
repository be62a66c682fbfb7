/* SPDX-License-Identifier: MIT */
/* An int8 filter matrix times two int16 columns: two filter rows at a time, SMLAD on four elements. */

#include "arm_nn_dsp.h"
#include "arm_nnsupportfunctions.h"

typedef struct {
    int32_t sum_00;
    int32_t sum_01;
    int32_t sum_10;
    int32_t sum_11;
} sums;

static inline uint32_t read_s16x2(const int16_t *source)
{
    return ((const arm_nn_unaligned_word *)source)->value;
}

/* sum_rc += filter row r times column c; second rows and columns are addressed by their distance to spare registers. */
static inline sums multiply_2x2(const int8_t *filter,
                                int32_t filter_step,
                                const int16_t *column,
                                int32_t column_step,
                                int32_t depth,
                                sums sums)
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
        pair = read_s16x2(column + column_step);
        sums.sum_01 = arm_nn_smlad(filter_0_01, pair, sums.sum_01);
        sums.sum_11 = arm_nn_smlad(filter_1_01, pair, sums.sum_11);
        pair = read_s16x2(column + column_step + 2);
        sums.sum_01 = arm_nn_smlad(filter_0_23, pair, sums.sum_01);
        sums.sum_11 = arm_nn_smlad(filter_1_23, pair, sums.sum_11);
        pair = read_s16x2(column);
        sums.sum_00 = arm_nn_smlad(filter_0_01, pair, sums.sum_00);
        sums.sum_10 = arm_nn_smlad(filter_1_01, pair, sums.sum_10);
        pair = read_s16x2(column + 2);
        column += 4;
        sums.sum_00 = arm_nn_smlad(filter_0_23, pair, sums.sum_00);
        sums.sum_10 = arm_nn_smlad(filter_1_23, pair, sums.sum_10);
    }
    for (int32_t k = depth & 3; k > 0; k--) {
        sums.sum_00 += *filter * *column;
        sums.sum_01 += *filter * column[column_step];
        sums.sum_10 += filter[filter_step] * *column;
        sums.sum_11 += *(filter++ + filter_step) * *(column++ + column_step);
    }
    return sums;
}

void arm_nn_mat_mult_kernel_s8_s16(const int8_t *filter,
                                   int32_t output_channels,
                                   int32_t depth,
                                   const int16_t *columns,
                                   int32_t column_step,
                                   const int32_t *bias,
                                   const arm_nn_requantization *requantization,
                                   int8_t *output,
                                   int32_t output_step)
{
    /* A copy, so that writing outputs is seen not to change it. */
    const arm_nn_requantization scaling = *requantization;
    /* An odd last row is paired with itself. */
    for (int32_t channel = 0; channel < output_channels; channel += 2) {
        const int32_t next = channel + 1 < output_channels;
        const int32_t bias_0 = bias ? bias[channel] : 0;
        const int32_t bias_1 = bias ? bias[channel + next] : 0;
        const sums start = {bias_0, bias_0, bias_1, bias_1};
        const sums sums =
            multiply_2x2(filter, next * depth, columns, column_step, depth, start);
        int8_t *const second = output + output_step;
        output[channel] = arm_nn_output(sums.sum_00, &scaling, channel);
        second[channel] = arm_nn_output(sums.sum_01, &scaling, channel);
        output[channel + next] = arm_nn_output(sums.sum_10, &scaling, channel + next);
        second[channel + next] = arm_nn_output(sums.sum_11, &scaling, channel + next);
        filter += 2 * depth;
    }
}
