/* SPDX-License-Identifier: MIT */
/* One int8 row times the rows of an int8 matrix, added to int16: two rows at a time, SMLAD on four bytes of each. */

#include "arm_nn_dot_rows.h"
#include "arm_nn_lstm.h"

void mcusim_nn_vec_mat_acc_s8_s16(const int8_t *lhs,
                                  const int8_t *rhs,
                                  const int32_t *bias,
                                  int32_t multiplier,
                                  int32_t shift,
                                  int32_t depth,
                                  int32_t rhs_rows,
                                  int16_t *output)
{
    int32_t row = 0;
    for (; rhs_rows - row >= 2; row += 2) {
        const arm_nn_sums_2 start = {bias[row], bias[row + 1]};
        const arm_nn_sums_2 sums = arm_nn_dot_2_s8(lhs, 0, rhs, depth, depth, start);
        arm_nn_add_scaled(sums.sum_0, multiplier, shift, output + row);
        arm_nn_add_scaled(sums.sum_1, multiplier, shift, output + row + 1);
        rhs += 2 * depth;
    }
    if (row < rhs_rows) {
        const arm_nn_sums_2 start = {bias[row], 0};
        arm_nn_add_scaled(arm_nn_dot_2_s8(lhs, 0, rhs, 0, depth, start).sum_0, multiplier, shift, output + row);
    }
}
