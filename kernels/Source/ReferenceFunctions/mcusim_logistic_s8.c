/* SPDX-License-Identifier: MIT */
/* LOGISTIC of int8 elements; the output has scale 1/256 and zero point -128. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

#define INPUT_INTEGER_BITS 4

/* 1 / (1 + exp(-x)) of a Q4.27 number, as Q0.31. */
static inline int32_t logistic(int32_t value)
{
    if (value == 0) {
        return 1 << 30;
    }
    const int32_t exponential = arm_nn_exp_on_negative_values(value < 0 ? value : -value, INPUT_INTEGER_BITS);
    const int32_t positive = arm_nn_one_over_one_plus_x(exponential);
    return value > 0 ? positive : INT32_MAX - positive;
}

void mcusim_logistic_s8(const int8_t *input,
                        int32_t zero_point,
                        int32_t range_radius,
                        int32_t multiplier,
                        int32_t left_shift,
                        int32_t size,
                        int8_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        const int32_t centred = input[index] - zero_point;
        int32_t value = INT8_MAX;
        if (centred <= -range_radius) {
            value = INT8_MIN;
        } else if (centred < range_radius) {
            const int32_t probability = logistic(arm_nn_requantize(centred, multiplier, left_shift));
            value = arm_nn_min(arm_nn_divide_by_power_of_two(probability, 31 - 8) - 128, INT8_MAX);
        }
        output[index] = (int8_t)value;
    }
}
