/* SPDX-License-Identifier: MIT */
/* One int8 row times the rows of an int8 matrix without the DSP extension: three rows at a time. */

#include "arm_nnsupportfunctions.h"

/* What rhs_offset adds to every output. */
static inline int32_t offset_part(const int8_t *lhs, int32_t lhs_offset, int32_t rhs_offset, int32_t depth)
{
    int32_t sum = 0;
    if (rhs_offset != 0) {
        for (int32_t k = 0; k < depth; k++) {
            sum += lhs[k] + lhs_offset;
        }
    }
    return arm_nn_mla(0, sum, rhs_offset);
}

void mcusim_nn_vec_mat_mult_t_s8(const int8_t *lhs,
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
    /* A copy, so that writing outputs is seen not to change it. */
    const arm_nn_requantization scaling = *requantization;
    const int32_t start = offset_part(lhs, lhs_offset, rhs_offset, depth);
    int32_t row = 0;
    for (; rhs_rows - row >= 3; row += 3) {
        const int8_t *lhs_0 = lhs;
        const int8_t *rhs_0 = rhs;
        const int8_t *rhs_1 = rhs_0 + depth;
        const int8_t *rhs_2 = rhs_1 + depth;
        int32_t sum_0 = bias ? bias[row] : 0;
        int32_t sum_1 = bias ? bias[row + 1] : 0;
        int32_t sum_2 = bias ? bias[row + 2] : 0;
        for (int32_t k = depth; k > 0; k--) {
            const int32_t value = *lhs_0++ + lhs_offset;
            sum_0 = arm_nn_mla(sum_0, value, *rhs_0++);
            sum_1 = arm_nn_mla(sum_1, value, *rhs_1++);
            sum_2 = arm_nn_mla(sum_2, value, *rhs_2++);
        }
        output[row] = arm_nn_output(arm_nn_wrapping_add(sum_0, start), &scaling, row * scale_step);
        output[row + 1] = arm_nn_output(arm_nn_wrapping_add(sum_1, start), &scaling, (row + 1) * scale_step);
        output[row + 2] = arm_nn_output(arm_nn_wrapping_add(sum_2, start), &scaling, (row + 2) * scale_step);
        rhs += 3 * depth;
    }
    for (; row < rhs_rows; row++) {
        int32_t sum = arm_nn_wrapping_add(start, bias ? bias[row] : 0);
        for (int32_t k = 0; k < depth; k++) {
            sum = arm_nn_mla(sum, lhs[k] + lhs_offset, *rhs++);
        }
        output[row] = arm_nn_output(sum, &scaling, row * scale_step);
    }
}
