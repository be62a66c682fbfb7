/* SPDX-License-Identifier: MIT */
/* QUANTIZE of float32 elements, rounding half away from zero. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

/* More than any zero point and int8 value together: what lies beyond saturates all the same. */
#define LIMIT 1024.0f

static inline int32_t round_half_away(float value)
{
    if (value >= LIMIT) {
        return (int32_t)LIMIT;
    }
    if (value <= -LIMIT) {
        return -(int32_t)LIMIT;
    }
    const int32_t whole = (int32_t)value;
    const float fraction = value - (float)whole;
    return whole + (fraction >= 0.5f) - (fraction <= -0.5f);
}

void mcusim_quantize_f32_s8(const float *input, float scale, int32_t zero_point, int32_t size, int8_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        const int32_t value = round_half_away(input[index] / scale) + zero_point;
        output[index] = (int8_t)arm_nn_clamp(value, INT8_MIN, INT8_MAX);
    }
}
