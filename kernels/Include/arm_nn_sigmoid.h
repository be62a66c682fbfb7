/* SPDX-License-Identifier: MIT */
/* Sigmoid and hyperbolic tangent of fixed-point numbers by linear interpolation in a table. */

#ifndef ARM_NN_SIGMOID_H
#define ARM_NN_SIGMOID_H

#include <stdint.h>

/* 65536 times the sigmoid of 0, 1/24, 2/24 ... */
extern const uint16_t sigmoid_table_uint16[256];

/* The sigmoid of value / (24 * 512) as Q0.15. */
static inline int16_t arm_nn_sigmoid_s16(int32_t value)
{
    const uint32_t magnitude = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    const uint32_t entry = magnitude >> 9;
    uint32_t result = 0x7FFFU << 10;
    if (entry < 255) {
        const uint32_t here = sigmoid_table_uint16[entry];
        result = (here << 9) + (magnitude & 0x1FFU) * (sigmoid_table_uint16[entry + 1] - here);
    }
    /* For negative numbers 1 minus the sigmoid of the magnitude, halves down. */
    result = value < 0 ? (1U << 25) - result + (1U << 9) - 1 : result + (1U << 9);
    return (int16_t)(result >> 10);
}

/* The hyperbolic tangent of value / (24 * 512), which is 2 sigmoid(2x) - 1, as Q0.15. */
static inline int16_t arm_nn_tanh_s16(int32_t value)
{
    const uint32_t magnitude = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    const uint32_t entry = magnitude >> 8;
    int32_t result = 0xFFFF << 8;
    if (entry < 255) {
        const uint32_t here = sigmoid_table_uint16[entry];
        result = (int32_t)((here << 8) + (magnitude & 0xFFU) * (sigmoid_table_uint16[entry + 1] - here));
    }
    result -= 1 << 23;
    return (int16_t)(((value < 0 ? -result - 1 : result) + (1 << 7)) >> 8);
}

#endif
