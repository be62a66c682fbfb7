/* SPDX-License-Identifier: MIT */
/* An int8 filter matrix times two int16 columns: two filter rows at a time. */

#include "arm_nn_2x2.h"

void mcusim_nn_mat_mult_kernel_s8_s16(const int8_t *filter,
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
    /* An odd last row is paired with itself. */
    for (int32_t channel = 0; channel < output_channels; channel += 2) {
        const int32_t next = channel + 1 < output_channels;
        const int32_t bias_0 = bias ? bias[channel] : 0;
        const int32_t bias_1 = bias ? bias[channel + next] : 0;
        const arm_nn_sums_2x2 start = {bias_0, bias_0, bias_1, bias_1};
        const arm_nn_sums_2x2 sums =
            arm_nn_multiply_2x2_s8_s16(filter, next * depth, columns, column_step, depth, start);
        int8_t *const second = output + output_step;
        output[channel] = arm_nn_output(sums.sum_00, &scaling, channel);
        second[channel] = arm_nn_output(sums.sum_01, &scaling, channel);
        output[channel + next] = arm_nn_output(sums.sum_10, &scaling, channel + next);
        second[channel + next] = arm_nn_output(sums.sum_11, &scaling, channel + next);
        filter += 2 * depth;
    }
}
