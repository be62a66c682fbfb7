/* SPDX-License-Identifier: MIT */
/* Product of an int8 matrix with a packed int4 one, transposed: two rows of the left, eight weights of the right. */

#include "arm_nn_s4.h"

/* Elements [element, element + depth) of the right times both rows of the left. */
static inline arm_nn_sums_1x2 multiply_1x2(const int8_t *packed,
                                           int32_t element,
                                           const int8_t *row,
                                           int32_t row_step,
                                           int32_t offset,
                                           int32_t depth,
                                           arm_nn_sums_1x2 sums)
{
    const int32_t end = element + depth;
    if (element & 1) {
        sums = arm_nn_add_s4(sums, arm_nn_read_s4(packed, element++), *row + offset, row[row_step] + offset);
        row++;
    }
    for (; end - element >= 8; element += 8, row += 8) {
        sums = arm_nn_add_s4x8_s8(sums, packed + (element >> 1), row, row_step, offset);
    }
    for (; element < end; element++, row++) {
        sums = arm_nn_add_s4(sums, arm_nn_read_s4(packed, element), *row + offset, row[row_step] + offset);
    }
    return sums;
}

void mcusim_nn_mat_mult_nt_t_s4(const int8_t *lhs,
                                int32_t lhs_rows,
                                int32_t lhs_row_step,
                                int32_t lhs_offset,
                                const int8_t *packed_rhs,
                                int32_t rhs_rows,
                                int32_t depth,
                                const int32_t *bias,
                                const arm_nn_requantization *requantization,
                                int8_t *output)
{
    /* A copy, so that writing outputs is seen not to change it. */
    const arm_nn_requantization scaling = *requantization;
    for (int32_t row = 0; row < lhs_rows; row += 2) {
        /* An odd last row is paired with itself. */
        const int32_t next = row + 1 < lhs_rows;
        int8_t *const second = output + next * rhs_rows;
        int32_t element = 0;
        for (int32_t column = 0; column < rhs_rows; column++, element += depth) {
            const int32_t start = bias ? bias[column] : 0;
            const arm_nn_sums_1x2 sums = multiply_1x2(packed_rhs,
                                                      element,
                                                      lhs,
                                                      next * lhs_row_step,
                                                      lhs_offset,
                                                      depth,
                                                      (arm_nn_sums_1x2){start, start});
            output[column] = arm_nn_output(sums.sum_0, &scaling, column);
            second[column] = arm_nn_output(sums.sum_1, &scaling, column);
        }
        lhs += 2 * lhs_row_step;
        output += 2 * rhs_rows;
    }
}
