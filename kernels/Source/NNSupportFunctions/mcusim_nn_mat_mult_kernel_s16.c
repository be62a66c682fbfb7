/* SPDX-License-Identifier: MIT */
/* An int8 filter matrix times one or two int16 columns: two filter rows at a time where there are two columns. */

#include "arm_nn_2x2.h"

/* The products of so many elements fit in 32 bits: each is at most 2^22. */
#define DEPTH_OF_32_BITS 508

/* Adds products of two filter rows and two columns; what 32 bits cannot hold is added one element at a time. */
static inline void multiply_2x2_s64(
    int64_t *sums, const int8_t *filter, int32_t filter_step, const int16_t *column, int32_t depth)
{
    const int32_t first = arm_nn_min(depth, DEPTH_OF_32_BITS);
    arm_nn_sums_2x2 narrow = {0, 0, 0, 0};
    mcusim_nn_multiply_2x2_s8_s16(&narrow, filter, filter_step, column, depth, first);
    int64_t sum_00 = narrow.sum_00;
    int64_t sum_01 = narrow.sum_01;
    int64_t sum_10 = narrow.sum_10;
    int64_t sum_11 = narrow.sum_11;
    for (int32_t k = first; k < depth; k++) {
        sum_00 += filter[k] * column[k];
        sum_01 += filter[k] * column[depth + k];
        sum_10 += filter[filter_step + k] * column[k];
        sum_11 += filter[filter_step + k] * column[depth + k];
    }
    sums[0] = arm_nn_wrapping_add_s64(sums[0], sum_00);
    sums[1] = arm_nn_wrapping_add_s64(sums[1], sum_01);
    sums[2] = arm_nn_wrapping_add_s64(sums[2], sum_10);
    sums[3] = arm_nn_wrapping_add_s64(sums[3], sum_11);
}

/* Two columns, accumulators of 64 bits. */
static void two_columns_s64(const int8_t *filter,
                            int32_t output_channels,
                            int32_t depth,
                            const int16_t *columns,
                            const int64_t *bias,
                            const arm_nn_requantization *requantization,
                            int16_t *output,
                            int32_t output_step)
{
    /* An odd last row is paired with itself. */
    for (int32_t channel = 0; channel < output_channels; channel += 2) {
        const int32_t next = channel + 1 < output_channels;
        const int64_t bias_0 = bias ? bias[channel] : 0;
        const int64_t bias_1 = bias ? bias[channel + next] : 0;
        int64_t sums[4] = {bias_0, bias_0, bias_1, bias_1};
        multiply_2x2_s64(sums, filter, next * depth, columns, depth);
        int16_t *const second = output + output_step;
        output[channel] = arm_nn_output_s64(sums[0], requantization, channel);
        second[channel] = arm_nn_output_s64(sums[1], requantization, channel);
        output[channel + next] = arm_nn_output_s64(sums[2], requantization, channel + next);
        second[channel + next] = arm_nn_output_s64(sums[3], requantization, channel + next);
        filter += 2 * depth;
    }
}

/* Two columns, accumulators of 32 bits. */
static void two_columns_s32(const int8_t *filter,
                            int32_t output_channels,
                            int32_t depth,
                            const int16_t *columns,
                            const int32_t *bias,
                            const arm_nn_requantization *requantization,
                            int16_t *output,
                            int32_t output_step)
{
    for (int32_t channel = 0; channel < output_channels; channel += 2) {
        const int32_t next = channel + 1 < output_channels;
        const int32_t bias_0 = bias ? bias[channel] : 0;
        const int32_t bias_1 = bias ? bias[channel + next] : 0;
        arm_nn_sums_2x2 sums = {bias_0, bias_0, bias_1, bias_1};
        mcusim_nn_multiply_2x2_s8_s16(&sums, filter, next * depth, columns, depth, depth);
        int16_t *const second = output + output_step;
        output[channel] = arm_nn_output_s16(sums.sum_00, requantization, channel);
        second[channel] = arm_nn_output_s16(sums.sum_01, requantization, channel);
        output[channel + next] = arm_nn_output_s16(sums.sum_10, requantization, channel + next);
        second[channel + next] = arm_nn_output_s16(sums.sum_11, requantization, channel + next);
        filter += 2 * depth;
    }
}

/* One column, one filter row at a time. */
static void one_column(const int8_t *filter,
                       int32_t output_channels,
                       int32_t depth,
                       const int16_t *column,
                       const cmsis_nn_bias_data *bias,
                       const arm_nn_requantization *requantization,
                       int16_t *output)
{
    const int64_t *const wide = bias->is_int32_bias ? NULL : bias->data;
    const int32_t *const narrow = bias->is_int32_bias ? bias->data : NULL;
    for (int32_t channel = 0; channel < output_channels; channel++) {
        int64_t sum = 0;
        for (int32_t k = 0; k < depth; k++) {
            sum += *filter++ * column[k];
        }
        if (bias->is_int32_bias) {
            const int32_t start = narrow ? narrow[channel] : 0;
            const int32_t wrapped = arm_nn_wrapping_add((int32_t)(uint32_t)sum, start);
            output[channel] = arm_nn_output_s16(wrapped, requantization, channel);
        } else {
            const int64_t start = wide ? wide[channel] : 0;
            output[channel] = arm_nn_output_s64(arm_nn_wrapping_add_s64(sum, start), requantization, channel);
        }
    }
}

void mcusim_nn_mat_mult_kernel_s16(const int8_t *filter,
                                   int32_t output_channels,
                                   int32_t depth,
                                   const int16_t *columns,
                                   int32_t column_count,
                                   const cmsis_nn_bias_data *bias,
                                   const arm_nn_requantization *requantization,
                                   int16_t *output,
                                   int32_t output_step)
{
    if (column_count == 1) {
        one_column(filter, output_channels, depth, columns, bias, requantization, output);
    } else if (bias->is_int32_bias) {
        two_columns_s32(filter, output_channels, depth, columns, bias->data, requantization, output, output_step);
    } else {
        two_columns_s64(filter, output_channels, depth, columns, bias->data, requantization, output, output_step);
    }
}
