/* SPDX-License-Identifier: MIT */
/* Product of two int8 matrices, the right one transposed, without the DSP extension. */

#include "arm_nnsupportfunctions.h"

void arm_nn_mat_mult_nt_t_s8(const int8_t *lhs,
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
    for (int32_t row = 0; row < lhs_rows; row++) {
        arm_nn_vec_mat_mult_t_s8(lhs, lhs_offset, rhs, rhs_rows, 0, depth, bias, requantization, 1, output);
        lhs += lhs_row_step;
        output += rhs_rows;
    }
}
