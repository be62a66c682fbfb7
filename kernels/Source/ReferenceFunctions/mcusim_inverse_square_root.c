/* SPDX-License-Identifier: MIT */
/* The inverse square root of an integer by five Newton-Raphson steps in Q3.28, with TensorFlow Lite's roundings. */

#include "mcusim_roots.h"
#include "mcusim_scale.h"

static inline int32_t multiply(int32_t a, int32_t b)
{
    return mcusim_saturating_doubling_high_mult(a, b);
}

static inline int32_t saturating_shift_left(int32_t value, int32_t exponent)
{
    const int32_t greatest = INT32_MAX >> exponent;
    if (value > greatest) {
        return INT32_MAX;
    }
    return value < -greatest - 1 ? INT32_MIN : arm_nn_shift_left(value, exponent);
}

mcusim_inverse_root mcusim_inverse_square_root(int32_t value)
{
    mcusim_inverse_root root = {INT32_MAX, 0};
    if (value <= 1) {
        return root;
    }
    /* The value is brought to [1/4, 1) by powers of 4. */
    int32_t right_shift = 11;
    while (value >= 1 << 29) {
        value /= 4;
        right_shift++;
    }
    while (value < 1 << 27) {
        value *= 4;
        right_shift--;
    }
    const int32_t half = arm_nn_divide_by_power_of_two(value >> 1, 1);
    int32_t estimate = 1 << 28;
    for (int32_t step = 0; step < 5; step++) {
        const int32_t cubed = multiply(multiply(estimate, estimate), estimate);
        const int32_t product = multiply(half, saturating_shift_left(cubed, 6));
        estimate = saturating_shift_left(multiply(3 << 27, estimate) - product, 3);
    }
    /* The square root of 1/2 */
    root.multiplier = multiply(estimate, 1518500250);
    if (right_shift < 0) {
        root.multiplier = arm_nn_shift_left(root.multiplier, -right_shift);
    } else {
        root.shift = -right_shift;
    }
    return root;
}
