/* SPDX-License-Identifier: MIT */
/* One int8 row times the rows of an int8 matrix: two rows at a time, SMLAD on four bytes of each. */

#include "arm_nn_dsp.h"
#include "arm_nnsupportfunctions.h"

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
    const uint32_t lhs_offsets = arm_nn_pair(lhs_offset);
    const uint32_t rhs_offsets = arm_nn_pair(rhs_offset);
    /* A copy, so that writing outputs is seen not to change it. */
    const arm_nn_requantization scaling = *requantization;
    for (int32_t row = 0; row < rhs_rows; row += 2) {
        /* An odd last row is paired with itself. */
        const int32_t step = row + 1 < rhs_rows;
        const int8_t *lhs_0 = lhs;
        const int8_t *rhs_0 = rhs;
        const int8_t *rhs_1 = rhs + step * depth;
        int32_t sum_0 = bias ? bias[row] : 0;
        int32_t sum_1 = bias ? bias[row + step] : 0;
        int32_t k = depth;
        for (; k >= 4; k -= 4, lhs_0 += 4, rhs_0 += 4, rhs_1 += 4) {
            const uint32_t lhs_word = arm_nn_read_s8x4(lhs_0);
            const uint32_t lhs_02 = arm_nn_sxtab16(lhs_offsets, lhs_word);
            const uint32_t lhs_13 = arm_nn_sxtab16_ror8(lhs_offsets, lhs_word);
            const uint32_t rhs_0_word = arm_nn_read_s8x4(rhs_0);
            const uint32_t rhs_1_word = arm_nn_read_s8x4(rhs_1);
            sum_0 = arm_nn_smlad(lhs_02, arm_nn_sxtab16(rhs_offsets, rhs_0_word), sum_0);
            sum_0 = arm_nn_smlad(lhs_13, arm_nn_sxtab16_ror8(rhs_offsets, rhs_0_word), sum_0);
            sum_1 = arm_nn_smlad(lhs_02, arm_nn_sxtab16(rhs_offsets, rhs_1_word), sum_1);
            sum_1 = arm_nn_smlad(lhs_13, arm_nn_sxtab16_ror8(rhs_offsets, rhs_1_word), sum_1);
        }
        for (; k > 0; k--) {
            const int32_t value = *lhs_0++ + lhs_offset;
            sum_0 = arm_nn_mla(sum_0, value, *rhs_0++ + rhs_offset);
            sum_1 = arm_nn_mla(sum_1, value, *rhs_1++ + rhs_offset);
        }
        output[row] = arm_nn_output(sum_0, &scaling, row * scale_step);
        output[row + step] = arm_nn_output(sum_1, &scaling, (row + step) * scale_step);
        rhs += 2 * depth;
    }
}
