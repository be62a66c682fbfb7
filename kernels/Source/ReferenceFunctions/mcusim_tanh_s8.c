/* SPDX-License-Identifier: MIT */
/* TANH of int8 elements; the output has scale 1/128 and zero point 0. */

#include "mcusim_functions.h"
#include "mcusim_scale.h"

#define INPUT_INTEGER_BITS 4

/* tanh of a Q4.27 number, as Q0.31: exp of twice its magnitude is taken of the same bits with one integer bit more. */
static inline int32_t hyperbolic_tangent(int32_t value)
{
    if (value == 0) {
        return 0;
    }
    const int32_t exponential = arm_nn_exp_on_negative_values(value < 0 ? value : -value, INPUT_INTEGER_BITS + 1);
    const int32_t positive = arm_nn_one_minus_x_over_one_plus_x(exponential);
    return value > 0 ? positive : -positive;
}

void mcusim_tanh_s8(const int8_t *input,
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
            const int32_t real = hyperbolic_tangent(mcusim_scale(centred, multiplier, left_shift));
            value = arm_nn_clamp(arm_nn_divide_by_power_of_two(real, 31 - 7), INT8_MIN, INT8_MAX);
        }
        output[index] = (int8_t)value;
    }
}
