/* SPDX-License-Identifier: MIT */
/* One int8 row times the rows of an int8 matrix, without the DSP extension. */

#include "arm_nnsupportfunctions.h"

void arm_nn_vec_mat_mult_t_s8(const int8_t *lhs,
                              int32_t lhs_offset,
                              const int8_t *rhs,
                              int32_t rhs_rows,
                              int32_t rhs_offset,
                              int32_t depth,
                              const int32_t *bias,
                              const arm_nn_requantization *requantization,
                              int32_t scale_step,
                              int8_t *output)
{
    for (int32_t row = 0; row < rhs_rows; row++) {
        int32_t sum = bias ? bias[row] : 0;
        for (int32_t k = 0; k < depth; k++) {
            sum += (lhs[k] + lhs_offset) * (*rhs++ + rhs_offset);
        }
        output[row] = arm_nn_output(sum, requantization, row * scale_step);
    }
}
