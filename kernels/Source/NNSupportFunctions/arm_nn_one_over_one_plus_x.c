/* SPDX-License-Identifier: MIT */
/* Quotients of a Q0.31 number in [0, 1) by three Newton-Raphson steps in Q2.29, with gemmlowp's roundings. */

#include "arm_nnsupportfunctions.h"

static inline int32_t saturating_shift_left(int32_t value, int32_t exponent)
{
    const int32_t result = arm_nn_shift_left(value, exponent);
    if (result >> exponent != value) {
        return value < 0 ? INT32_MIN : INT32_MAX;
    }
    return result;
}

/* 2 / (1 + x) as Q2.29. */
static inline int32_t two_over_one_plus_x(int32_t value)
{
    /* 48/17 - 32/17 d is the line nearest to 1/d on [1/2, 1] */
    const int32_t half_denominator = (int32_t)(((uint32_t)value + 0x80000000U) >> 1);
    int32_t estimate = 1515870810 + arm_nn_doubling_high_mult(half_denominator, -1010580540);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - arm_nn_doubling_high_mult(half_denominator, estimate);
        estimate += saturating_shift_left(arm_nn_doubling_high_mult(estimate, error), 2);
    }
    return estimate;
}

int32_t arm_nn_one_over_one_plus_x(int32_t value)
{
    return saturating_shift_left(two_over_one_plus_x(value), 1);
}

int32_t arm_nn_one_minus_x_over_one_plus_x(int32_t value)
{
    return saturating_shift_left(two_over_one_plus_x(value) - (1 << 29), 2);
}
