/* SPDX-License-Identifier: MIT */
/* Product of two int8 matrices, the right one transposed, without the DSP extension: two rows of each at a time. */

#include "arm_nn_2x2.h"

/* Two rows of each side; steps are 0 where a second row is missing. */
static inline arm_nn_sums_2x2 multiply_2x2(
    const int8_t *lhs, int32_t lhs_step, const int8_t *rhs, int32_t rhs_step, int32_t depth, arm_nn_sums_2x2 sums)
{
    for (int32_t k = depth; k > 0; k--) {
        const int32_t rhs_0_value = *rhs;
        const int32_t rhs_1_value = rhs[rhs_step];
        rhs++;
        int32_t value = *lhs;
        sums.sum_00 = arm_nn_mla(sums.sum_00, value, rhs_0_value);
        sums.sum_01 = arm_nn_mla(sums.sum_01, value, rhs_1_value);
        value = lhs[lhs_step];
        lhs++;
        sums.sum_10 = arm_nn_mla(sums.sum_10, value, rhs_0_value);
        sums.sum_11 = arm_nn_mla(sums.sum_11, value, rhs_1_value);
    }
    return sums;
}

/* What lhs_offset and bias add to all products with one row on the right. */
static inline int32_t constant_part(const int8_t *rhs, int32_t depth, int32_t lhs_offset, const int32_t *bias)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += rhs[k];
    }
    return arm_nn_mla(bias ? *bias : 0, sum, lhs_offset);
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
        const int32_t rhs_step = next_column * depth;
        const int32_t start_0 = constant_part(rhs, depth, lhs_offset, bias ? bias + column : NULL);
        const int32_t start_1 =
            constant_part(rhs + rhs_step, depth, lhs_offset, bias ? bias + column + next_column : NULL);
        const int8_t *lhs_pair = lhs;
        int8_t *output_pair = output + column;
        for (int32_t row = 0; row < lhs_rows; row += 2) {
            const int32_t next_row = row + 1 < lhs_rows;
            const arm_nn_sums_2x2 start = {start_0, start_1, start_0, start_1};
            const arm_nn_sums_2x2 sums = multiply_2x2(lhs_pair, next_row * lhs_row_step, rhs, rhs_step, depth, start);
            int8_t *const second = output_pair + next_row * rhs_rows;
            output_pair[0] = arm_nn_output(sums.sum_00, &scaling, column);
            output_pair[next_column] = arm_nn_output(sums.sum_01, &scaling, column + next_column);
            second[0] = arm_nn_output(sums.sum_10, &scaling, column);
            second[next_column] = arm_nn_output(sums.sum_11, &scaling, column + next_column);
            lhs_pair += 2 * lhs_row_step;
            output_pair += 2 * rhs_rows;
        }
        rhs += 2 * depth;
    }
}
