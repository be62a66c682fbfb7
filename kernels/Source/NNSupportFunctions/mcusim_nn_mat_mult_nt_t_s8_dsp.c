/* SPDX-License-Identifier: MIT */
/* Product of two int8 matrices, the right one transposed: two rows of each at a time, SMLAD on four bytes. */

#include "arm_nn_2x2.h"
#include "arm_nn_dsp.h"

/* Two rows of the output's columns `column` and `column + 1`; step_* are 0 where a second row is missing. */
typedef struct {
    int32_t lhs_step;
    int32_t lhs_offset;
    int32_t rhs_step;
    int32_t depth;
} shape;

static inline arm_nn_sums_2x2 multiply_2x2(
    const int8_t *lhs, const int8_t *rhs, const shape *shape, arm_nn_sums_2x2 sums)
{
    const int32_t lhs_step = shape->lhs_step;
    const int32_t rhs_step = shape->rhs_step;
    const uint32_t offsets = arm_nn_pair(shape->lhs_offset);
    const int8_t *const end = rhs + (shape->depth & ~3);
    while (rhs < end) {
        uint32_t word = arm_nn_read_s8x4(rhs + rhs_step);
        const uint32_t rhs_1_02 = arm_nn_sxtb16(word);
        const uint32_t rhs_1_13 = arm_nn_sxtb16_ror8(word);
        word = arm_nn_read_s8x4(rhs);
        const uint32_t rhs_0_02 = arm_nn_sxtb16(word);
        const uint32_t rhs_0_13 = arm_nn_sxtb16_ror8(word);
        rhs += 4;
        word = arm_nn_read_s8x4(lhs + lhs_step);
        uint32_t lhs_pair = arm_nn_sxtab16(offsets, word);
        sums.sum_10 = arm_nn_smlad(lhs_pair, rhs_0_02, sums.sum_10);
        sums.sum_11 = arm_nn_smlad(lhs_pair, rhs_1_02, sums.sum_11);
        lhs_pair = arm_nn_sxtab16_ror8(offsets, word);
        sums.sum_10 = arm_nn_smlad(lhs_pair, rhs_0_13, sums.sum_10);
        sums.sum_11 = arm_nn_smlad(lhs_pair, rhs_1_13, sums.sum_11);
        word = arm_nn_read_s8x4(lhs);
        lhs += 4;
        lhs_pair = arm_nn_sxtab16(offsets, word);
        sums.sum_00 = arm_nn_smlad(lhs_pair, rhs_0_02, sums.sum_00);
        sums.sum_01 = arm_nn_smlad(lhs_pair, rhs_1_02, sums.sum_01);
        lhs_pair = arm_nn_sxtab16_ror8(offsets, word);
        sums.sum_00 = arm_nn_smlad(lhs_pair, rhs_0_13, sums.sum_00);
        sums.sum_01 = arm_nn_smlad(lhs_pair, rhs_1_13, sums.sum_01);
    }
    for (int32_t k = shape->depth & 3; k > 0; k--) {
        const int32_t lhs_0_value = *lhs + shape->lhs_offset;
        const int32_t lhs_1_value = *(lhs++ + lhs_step) + shape->lhs_offset;
        sums.sum_00 = arm_nn_mla(sums.sum_00, lhs_0_value, *rhs);
        sums.sum_10 = arm_nn_mla(sums.sum_10, lhs_1_value, *rhs);
        sums.sum_01 = arm_nn_mla(sums.sum_01, lhs_0_value, rhs[rhs_step]);
        sums.sum_11 = arm_nn_mla(sums.sum_11, lhs_1_value, *(rhs++ + rhs_step));
    }
    return sums;
}

void mcusim_nn_mat_mult_nt_t_s8(const int8_t *lhs,
                                int32_t lhs_rows,
                                int32_t lhs_row_step,
                                int32_t lhs_offset,
                                const int8_t *rhs,
                                int32_t rhs_rows,
                                int32_t depth,
                                const int32_t *bias,
                                const arm_nn_requantization *requantization,
                                int8_t *output)
{
    if (lhs_rows == 1) {
        mcusim_nn_vec_mat_mult_t_s8(lhs, lhs_offset, rhs, rhs_rows, 0, depth, bias, requantization, 1, output);
        return;
    }
    /* A copy, so that writing outputs is seen not to change it. */
    const arm_nn_requantization scaling = *requantization;
    /* An odd last row of either side is paired with itself. */
    for (int32_t column = 0; column < rhs_rows; column += 2) {
        const int32_t next_column = column + 1 < rhs_rows;
        const int32_t bias_0 = bias ? bias[column] : 0;
        const int32_t bias_1 = bias ? bias[column + next_column] : 0;
        const int32_t multiplier_0 = scaling.multiplier[column];
        const int32_t multiplier_1 = scaling.multiplier[column + next_column];
        const int32_t shift_0 = scaling.shift[column];
        const int32_t shift_1 = scaling.shift[column + next_column];
        const int8_t *lhs_pair = lhs;
        int8_t *output_pair = output + column;
        for (int32_t row = 0; row < lhs_rows; row += 2) {
            const int32_t next_row = row + 1 < lhs_rows;
            const shape shape = {next_row * lhs_row_step, lhs_offset, next_column * depth, depth};
            const arm_nn_sums_2x2 start = {bias_0, bias_1, bias_0, bias_1};
            const arm_nn_sums_2x2 sums = multiply_2x2(lhs_pair, rhs, &shape, start);
            int8_t *const second = output_pair + next_row * rhs_rows;
            output_pair[0] = arm_nn_scaled_output(sums.sum_00, multiplier_0, shift_0, &scaling);
            output_pair[next_column] = arm_nn_scaled_output(sums.sum_01, multiplier_1, shift_1, &scaling);
            second[0] = arm_nn_scaled_output(sums.sum_10, multiplier_0, shift_0, &scaling);
            second[next_column] = arm_nn_scaled_output(sums.sum_11, multiplier_1, shift_1, &scaling);
            lhs_pair += 2 * lhs_row_step;
            output_pair += 2 * rhs_rows;
        }
        rhs += 2 * depth;
    }
}
