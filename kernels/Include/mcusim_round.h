/* SPDX-License-Identifier: MIT */
/* Rounding of float32 numbers to integers. */

#ifndef MCUSIM_ROUND_H
#define MCUSIM_ROUND_H

#include <stdint.h>

/* More than any zero point and value of int16 together: what lies beyond saturates all the same. */
#define MCUSIM_ROUND_LIMIT 131072.0f

/* To the nearest integer within the limit, halves away from zero. */
static inline int32_t mcusim_round_half_away(float value)
{
    if (value >= MCUSIM_ROUND_LIMIT) {
        return (int32_t)MCUSIM_ROUND_LIMIT;
    }
    if (value <= -MCUSIM_ROUND_LIMIT) {
        return -(int32_t)MCUSIM_ROUND_LIMIT;
    }
    const int32_t whole = (int32_t)value;
    const float fraction = value - (float)whole;
    return whole + (fraction >= 0.5f) - (fraction <= -0.5f);
}

#endif
