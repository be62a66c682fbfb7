/* SPDX-License-Identifier: MIT */
/* HARD_SWISH of int8 elements in int16 arithmetic. */

#include "mcusim_functions.h"
#include "mcusim_scale.h"

/* a * b / 2^15 to nearest, halves up. */
static inline int32_t doubling_high_mult(int32_t a, int32_t b)
{
    return arm_nn_min((a * b + (1 << 14)) >> 15, INT16_MAX);
}

static inline int32_t saturating_shift_left(int32_t value, int32_t exponent)
{
    const int32_t greatest = INT16_MAX >> exponent;
    return value > greatest ? INT16_MAX : value < -greatest - 1 ? INT16_MIN : arm_nn_shift_left(value, exponent);
}

/* x / 6 + 1/2 within [0, 1) as Q0.15. */
static inline int32_t share_of_input(int32_t value, int32_t multiplier, int32_t exponent)
{
    if (exponent > 0) {
        const int32_t shifted = saturating_shift_left(value, arm_nn_min(exponent - 1, 15));
        value = saturating_shift_left(doubling_high_mult(shifted, multiplier), 1);
    } else {
        const int32_t product = doubling_high_mult(value, multiplier);
        value = mcusim_divide_by_power_of_two(product, -exponent, mcusim_lost_bits(-exponent));
    }
    return (value + (1 << 15)) >> 1;
}

void mcusim_hard_swish_s8(const int8_t *input,
                          int32_t input_offset,
                          int32_t output_offset,
                          int32_t output_multiplier,
                          int32_t output_exponent,
                          int32_t relu_multiplier,
                          int32_t relu_exponent,
                          int32_t size,
                          int8_t *output)
{
    const int32_t lost_bits = mcusim_lost_bits(-output_exponent);
    for (int32_t index = 0; index < size; index++) {
        const int32_t value = (input[index] + input_offset) * (1 << 7);
        const int32_t share = share_of_input(value, relu_multiplier, relu_exponent);
        const int32_t product = share * doubling_high_mult(value, output_multiplier) / (1 << 15);
        const int32_t scaled = mcusim_divide_by_power_of_two(product, -output_exponent, lost_bits);
        output[index] = (int8_t)arm_nn_clamp((int16_t)(scaled + output_offset), INT8_MIN, INT8_MAX);
    }
}
