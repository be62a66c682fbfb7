/* SPDX-License-Identifier: MIT */
/* One int8 row times the rows of an int8 matrix, added to int16, without the DSP extension: three rows at a time. */

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
    for (; rhs_rows - row >= 3; row += 3) {
        const int8_t *lhs_0 = lhs;
        const int8_t *rhs_0 = rhs;
        const int8_t *rhs_1 = rhs_0 + depth;
        const int8_t *rhs_2 = rhs_1 + depth;
        int32_t sum_0 = bias[row];
        int32_t sum_1 = bias[row + 1];
        int32_t sum_2 = bias[row + 2];
        for (int32_t k = depth; k > 0; k--) {
            const int32_t value = *lhs_0++;
            sum_0 = arm_nn_mla(sum_0, value, *rhs_0++);
            sum_1 = arm_nn_mla(sum_1, value, *rhs_1++);
            sum_2 = arm_nn_mla(sum_2, value, *rhs_2++);
        }
        arm_nn_add_scaled(sum_0, multiplier, shift, output + row);
        arm_nn_add_scaled(sum_1, multiplier, shift, output + row + 1);
        arm_nn_add_scaled(sum_2, multiplier, shift, output + row + 2);
        rhs += 3 * depth;
    }
    for (; row < rhs_rows; row++) {
        int32_t sum = bias[row];
        for (int32_t k = 0; k < depth; k++) {
            sum = arm_nn_mla(sum, lhs[k], *rhs++);
        }
        arm_nn_add_scaled(sum, multiplier, shift, output + row);
    }
}
