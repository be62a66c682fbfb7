/* SPDX-License-Identifier: MIT */
/* One int16 row times the rows of an int8 matrix with sums of 64 bits, added to int16. */

#include "arm_nn_dot_rows.h"
#include "arm_nn_lstm.h"

void mcusim_nn_vec_mat_acc_s16(const int16_t *lhs,
                               const int8_t *rhs,
                               const int64_t *bias,
                               int32_t multiplier,
                               int32_t shift,
                               int32_t depth,
                               int32_t rhs_rows,
                               int16_t *output)
{
    const int32_t reduced_multiplier = arm_nn_reduce_multiplier(multiplier);
    int32_t row = 0;
    for (; rhs_rows - row >= 2; row += 2) {
        const arm_nn_long_sums_2 start = {bias[row], bias[row + 1]};
        const arm_nn_long_sums_2 sums = arm_nn_dot_2_s16(lhs, rhs, depth, depth, start);
        arm_nn_add_scaled_s64(sums.sum_0, reduced_multiplier, shift, output + row);
        arm_nn_add_scaled_s64(sums.sum_1, reduced_multiplier, shift, output + row + 1);
        rhs += 2 * depth;
    }
    if (row < rhs_rows) {
        const arm_nn_long_sums_2 start = {bias[row], 0};
        const int64_t sum = arm_nn_dot_2_s16(lhs, rhs, 0, depth, start).sum_0;
        arm_nn_add_scaled_s64(sum, reduced_multiplier, shift, output + row);
    }
}
