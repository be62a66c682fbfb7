/* SPDX-License-Identifier: MIT */
/* SOFTMAX of int8 rows; the output has scale 1/256 and zero point -128. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#define DIFFERENCE_INTEGER_BITS 5
#define ACCUMULATION_INTEGER_BITS 12

static inline int32_t exp_of_difference(int32_t difference, int32_t mult, int32_t shift)
{
    const int32_t scaled = arm_nn_doubling_high_mult(arm_nn_shift_left(difference, shift), mult);
    return arm_nn_exp_on_negative_values(scaled, DIFFERENCE_INTEGER_BITS);
}

static inline int32_t maximum(const int8_t *row, int32_t size)
{
    int32_t largest = row[0];
    for (int32_t index = 1; index < size; index++) {
        largest = arm_nn_max(largest, row[index]);
    }
    return largest;
}

void arm_softmax_s8(const int8_t *input,
                    const int32_t num_rows,
                    const int32_t row_size,
                    const int32_t mult,
                    const int32_t shift,
                    const int32_t diff_min,
                    int8_t *output)
{
    for (int32_t row = 0; row < num_rows; row++, input += row_size, output += row_size) {
        const int32_t largest = maximum(input, row_size);
        int32_t sum = 0;
        for (int32_t index = 0; index < row_size; index++) {
            const int32_t difference = input[index] - largest;
            if (difference >= diff_min) {
                sum += arm_nn_divide_by_power_of_two(exp_of_difference(difference, mult, shift),
                                                     ACCUMULATION_INTEGER_BITS);
            }
        }
        /* The sum is normalized to [1, 2): its reciprocal has then one form, and the exponent makes up for it. */
        const int32_t headroom = __builtin_clz((uint32_t)sum);
        const int32_t reciprocal = arm_nn_one_over_one_plus_x((int32_t)(((uint32_t)sum << headroom) - 0x80000000U));
        const int32_t exponent = ACCUMULATION_INTEGER_BITS - headroom + 31 - 8;
        for (int32_t index = 0; index < row_size; index++) {
            const int32_t difference = input[index] - largest;
            int32_t probability = 0;
            /* From 32 on the quotient of a positive int32 rounds to 0. */
            if (difference >= diff_min && exponent < 32) {
                const int32_t product =
                    arm_nn_doubling_high_mult(reciprocal, exp_of_difference(difference, mult, shift));
                probability = arm_nn_divide_by_power_of_two(product, exponent);
            }
            output[index] = (int8_t)arm_nn_min(probability - 128, 127);
        }
    }
}
