/* SPDX-License-Identifier: MIT */
/* A packed int4 filter matrix times two int16 columns: one filter row at a time, eight weights at a time. */

#include "arm_nn_s4.h"

/* Filter elements [element, element + depth) times both columns. */
static inline arm_nn_sums_1x2 multiply_1x2(const int8_t *packed,
                                           int32_t element,
                                           const int16_t *column,
                                           int32_t column_step,
                                           int32_t depth,
                                           arm_nn_sums_1x2 sums)
{
    const int32_t end = element + depth;
    if (element & 1) {
        sums = arm_nn_add_s4(sums, arm_nn_read_s4(packed, element++), *column, column[column_step]);
        column++;
    }
    for (; end - element >= 8; element += 8, column += 8) {
        sums = arm_nn_add_s4x8_s16(sums, packed + (element >> 1), column, column_step);
    }
    for (; element < end; element++, column++) {
        sums = arm_nn_add_s4(sums, arm_nn_read_s4(packed, element), *column, column[column_step]);
    }
    return sums;
}

void mcusim_nn_mat_mult_kernel_s4_s16(const int8_t *packed,
                                      int32_t first_element,
                                      int32_t output_channels,
                                      int32_t depth,
                                      const int16_t *columns,
                                      int32_t column_step,
                                      const int32_t *bias,
                                      const arm_nn_requantization *requantization,
                                      int8_t *output,
                                      int32_t output_step)
{
    /* A copy, so that writing outputs is seen not to change it. */
    const arm_nn_requantization scaling = *requantization;
    int32_t element = first_element;
    for (int32_t channel = 0; channel < output_channels; channel++, element += depth) {
        const int32_t start = bias ? bias[channel] : 0;
        const arm_nn_sums_1x2 sums =
            multiply_1x2(packed, element, columns, column_step, depth, (arm_nn_sums_1x2){start, start});
        output[channel] = arm_nn_output(sums.sum_0, &scaling, channel);
        output[output_step + channel] = arm_nn_output(sums.sum_1, &scaling, channel);
    }
}
