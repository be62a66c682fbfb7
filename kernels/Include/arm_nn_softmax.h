/* SPDX-License-Identifier: MIT */
/* One row of an int8 SOFTMAX: its largest element, and the reciprocal of its sum of exponentials. */

#ifndef ARM_NN_SOFTMAX_H
#define ARM_NN_SOFTMAX_H

#include "arm_nnsupportfunctions.h"

#define ARM_NN_DIFFERENCE_INTEGER_BITS 5
#define ARM_NN_ACCUMULATION_INTEGER_BITS 12

/* How differences to the largest element become Q5.26; those below diff_min have an exponential of 0. */
typedef struct {
    int32_t mult;
    int32_t shift;
    int32_t diff_min;
} arm_nn_softmax_scale;

typedef struct {
    int32_t largest;
    int32_t reciprocal;
    int32_t exponent;
} arm_nn_softmax_row;

static inline int32_t arm_nn_exp_of_difference(int32_t difference, const arm_nn_softmax_scale *scale)
{
    const int32_t scaled = arm_nn_doubling_high_mult(arm_nn_shift_left(difference, scale->shift), scale->mult);
    return arm_nn_exp_on_negative_values(scaled, ARM_NN_DIFFERENCE_INTEGER_BITS);
}

/* output_bits: of the type whose whole range stands for probabilities from 0 to 1. */
static inline arm_nn_softmax_row arm_nn_softmax_sum(const int8_t *input,
                                                    int32_t row_size,
                                                    const arm_nn_softmax_scale *scale,
                                                    int32_t output_bits)
{
    arm_nn_softmax_row row = {input[0], 0, 32};
    for (int32_t index = 1; index < row_size; index++) {
        row.largest = arm_nn_max(row.largest, input[index]);
    }
    int32_t sum = 0;
    for (int32_t index = 0; index < row_size; index++) {
        const int32_t difference = input[index] - row.largest;
        if (difference >= scale->diff_min) {
            sum += arm_nn_divide_by_power_of_two(arm_nn_exp_of_difference(difference, scale),
                                                 ARM_NN_ACCUMULATION_INTEGER_BITS);
        }
    }
    if (sum > 0) {
        /* The sum is normalized to [1, 2): its reciprocal has then one form, and the exponent makes up for it. */
        const int32_t headroom = __builtin_clz((uint32_t)sum);
        row.reciprocal = arm_nn_one_over_one_plus_x((int32_t)(((uint32_t)sum << headroom) - 0x80000000U));
        row.exponent = ARM_NN_ACCUMULATION_INTEGER_BITS - headroom + 31 - output_bits;
    }
    return row;
}

/* The probability of an element in units of the output, from 0 up. */
static inline int32_t arm_nn_softmax_probability(int8_t value,
                                                 const arm_nn_softmax_row *row,
                                                 const arm_nn_softmax_scale *scale)
{
    const int32_t difference = value - row->largest;
    /* From an exponent of 32 on the quotient of a positive int32 rounds to 0. */
    if (difference < scale->diff_min || row->exponent >= 32) {
        return 0;
    }
    const int32_t product = arm_nn_doubling_high_mult(row->reciprocal, arm_nn_exp_of_difference(difference, scale));
    return arm_nn_divide_by_power_of_two(product, row->exponent);
}

#endif
