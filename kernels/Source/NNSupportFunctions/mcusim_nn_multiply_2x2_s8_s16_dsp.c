/* SPDX-License-Identifier: MIT */
/* Two int8 filter rows times two int16 columns: SMLAD on pairs. */

#include "arm_nn_2x2.h"

void mcusim_nn_multiply_2x2_s8_s16(arm_nn_sums_2x2 *sums,
                                   const int8_t *filter,
                                   int32_t filter_step,
                                   const int16_t *column,
                                   int32_t column_step,
                                   int32_t depth)
{
    *sums = arm_nn_multiply_2x2_s8_s16(filter, filter_step, column, column_step, depth, *sums);
}
