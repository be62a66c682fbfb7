/* SPDX-License-Identifier: MIT */
/* Rescaling as TensorFlow Lite Micro's reference kernels do it, step by step: by a call for most values. */

#ifndef MCUSIM_SCALE_H
#define MCUSIM_SCALE_H

#include "arm_nnsupportfunctions.h"

/* a * b / 2^31 to nearest, halves up. */
static inline int32_t mcusim_saturating_doubling_high_mult(int32_t a, int32_t b)
{
    if (a == b && a == INT32_MIN) {
        return INT32_MAX;
    }
    const int64_t product = (int64_t)a * b;
    if (product >= 0) {
        return (int32_t)((product + (1LL << 30)) >> 31);
    }
    return (int32_t)((product + 1 - (1LL << 30)) / (1LL << 31));
}

/* The bits that a right shift by 0 to 31 loses. */
static inline int32_t mcusim_lost_bits(int32_t exponent)
{
    return (int32_t)((1ULL << exponent) - 1);
}

/* value / 2^exponent to nearest, halves away from zero, given the bits that are lost. */
static inline int32_t mcusim_divide_by_power_of_two(int32_t value, int32_t exponent, int32_t lost_bits)
{
    const int32_t half = (lost_bits >> 1) + (value < 0);
    return (value >> exponent) + ((value & lost_bits) > half);
}

/* value * multiplier * 2^(shift - 31), rounded twice; -31 <= shift <= 30. The value's left shift wraps around. */
int32_t mcusim_scale(int32_t value, int32_t multiplier, int32_t shift);

/* The same where shift <= 0, without a call. */
static inline int32_t mcusim_scale_down(int32_t value, int32_t multiplier, int32_t shift)
{
    const int32_t high = mcusim_saturating_doubling_high_mult(value, multiplier);
    return mcusim_divide_by_power_of_two(high, -shift, mcusim_lost_bits(-shift));
}

/* How an input or a result is scaled: the offset is added to an input before, to a result after. */
typedef struct {
    int32_t offset;
    int32_t multiplier;
    int32_t shift;
} mcusim_scaling;

/* Two inputs on a common scale: what one of them contributes. Its shift is <= 0. */
static inline int32_t mcusim_scale_input(int32_t value, const mcusim_scaling *scaling, int32_t left_shift)
{
    const int32_t shifted = arm_nn_shift_left(value + scaling->offset, left_shift);
    return mcusim_scale_down(shifted, scaling->multiplier, scaling->shift);
}

/* A scaled value with its offset, within limits. */
static inline int32_t mcusim_offset_output(int32_t scaled, int32_t offset, int32_t least, int32_t greatest)
{
    return arm_nn_clamp(arm_nn_wrapping_add(scaled, offset), least, greatest);
}

#endif
