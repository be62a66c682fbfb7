/* SPDX-License-Identifier: MIT */
/* int4 weights, two a byte with the first in the low half: their dot products with int8 values. */

#ifndef ARM_NN_S4_H
#define ARM_NN_S4_H

#include "arm_nnsupportfunctions.h"

/* The weights in the low and in the high half of a byte. */
static inline int32_t arm_nn_low_s4(int8_t packed)
{
    return (int8_t)((uint8_t)packed << 4) >> 4;
}

static inline int32_t arm_nn_high_s4(int8_t packed)
{
    return packed >> 4;
}

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

/* Two weights in the low bits of the halves of a word, as two int16. */
static inline uint32_t arm_nn_extend_s4x2(uint32_t weights)
{
    return (uint32_t)__ssub16((int16x2_t)((weights & 0x000F000FU) ^ 0x00080008U), (int16x2_t)0x00080008U);
}

/* sum + (values + offset) * weights of an even number of weights that begin with a byte. */
static inline int32_t arm_nn_dot_even_s4(
    const int8_t *values, int32_t offset, const int8_t *packed, int32_t depth, int32_t sum)
{
    const uint32_t offsets = arm_nn_pair(offset);
    for (; depth >= 4; depth -= 4, values += 4, packed += 2) {
        const uint32_t word = arm_nn_read_s8x4(values);
        const uint32_t bytes = (uint8_t)packed[0] | ((uint32_t)(uint8_t)packed[1] << 16);
        sum = arm_nn_smlad(arm_nn_sxtab16(offsets, word), arm_nn_extend_s4x2(bytes), sum);
        sum = arm_nn_smlad(arm_nn_sxtab16_ror8(offsets, word), arm_nn_extend_s4x2(bytes >> 4), sum);
    }
    if (depth >= 2) {
        sum += (values[0] + offset) * arm_nn_low_s4(*packed);
        sum += (values[1] + offset) * arm_nn_high_s4(*packed);
    }
    return sum;
}

#else

static inline int32_t arm_nn_dot_even_s4(
    const int8_t *values, int32_t offset, const int8_t *packed, int32_t depth, int32_t sum)
{
    for (; depth >= 2; depth -= 2, values += 2, packed++) {
        sum += (values[0] + offset) * arm_nn_low_s4(*packed);
        sum += (values[1] + offset) * arm_nn_high_s4(*packed);
    }
    return sum;
}

#endif

/* sum + (values + offset) * weights of `depth` weights from the `first`th on. */
static inline int32_t arm_nn_dot_s4(
    const int8_t *values, int32_t offset, const int8_t *packed, int32_t first, int32_t depth, int32_t sum)
{
    packed += first >> 1;
    if ((first & 1) && depth > 0) {
        sum += (*values++ + offset) * arm_nn_high_s4(*packed++);
        depth--;
    }
    sum = arm_nn_dot_even_s4(values, offset, packed, depth & ~1, sum);
    if (depth & 1) {
        sum += (values[depth - 1] + offset) * arm_nn_low_s4(packed[depth >> 1]);
    }
    return sum;
}

#endif
