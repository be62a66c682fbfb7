/* SPDX-License-Identifier: MIT */
/* value * multiplier * 2^(shift - 31), with the roundings and the cost of TensorFlow Lite Micro's function. */

#include "mcusim_scale.h"

int32_t mcusim_scale(int32_t value, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t lost_bits = mcusim_lost_bits(right);
    const int32_t high = mcusim_saturating_doubling_high_mult(arm_nn_shift_left(value, left), multiplier);
    return mcusim_divide_by_power_of_two(high, right, lost_bits);
}
