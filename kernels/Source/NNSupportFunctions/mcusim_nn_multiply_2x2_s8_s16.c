/* SPDX-License-Identifier: MIT */
/* Two int8 filter rows times two int16 columns without the DSP extension: one row at a time, as registers are few. */

#include "arm_nn_2x2.h"

__attribute__((noinline)) static void multiply_1x2(
    int32_t *sums, const int8_t *filter, const int16_t *column_0, const int16_t *column_1, int32_t depth)
{
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    for (int32_t k = depth; k > 0; k--) {
        const int32_t value = *filter++;
        sum_0 = arm_nn_mla(sum_0, value, *column_0++);
        sum_1 = arm_nn_mla(sum_1, value, *column_1++);
    }
    sums[0] = sum_0;
    sums[1] = sum_1;
}

void mcusim_nn_multiply_2x2_s8_s16(arm_nn_sums_2x2 *sums,
                                   const int8_t *filter,
                                   int32_t filter_step,
                                   const int16_t *column,
                                   int32_t column_step,
                                   int32_t depth)
{
    int32_t row[2];
    multiply_1x2(row, filter, column, column + column_step, depth);
    sums->sum_00 = arm_nn_wrapping_add(sums->sum_00, row[0]);
    sums->sum_01 = arm_nn_wrapping_add(sums->sum_01, row[1]);
    multiply_1x2(row, filter + filter_step, column, column + column_step, depth);
    sums->sum_10 = arm_nn_wrapping_add(sums->sum_10, row[0]);
    sums->sum_11 = arm_nn_wrapping_add(sums->sum_11, row[1]);
}
