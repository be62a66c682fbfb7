/* SPDX-License-Identifier: MIT */
/* The instructions of arm_nn_dsp.h in plain C, so that kernels written for them run on any machine. */

#ifndef ARM_NN_DSP_PORTABLE_H
#define ARM_NN_DSP_PORTABLE_H

#include "arm_nnsupportfunctions.h"

static inline int32_t arm_nn_low_half(uint32_t x)
{
    return (int16_t)x;
}

static inline int32_t arm_nn_high_half(uint32_t x)
{
    return (int16_t)(x >> 16);
}

static inline uint32_t arm_nn_halves(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFU) | (uint32_t)high << 16;
}

static inline uint32_t arm_nn_sxtab16(uint32_t addend, uint32_t x)
{
    return arm_nn_halves(arm_nn_low_half(addend) + (int8_t)x, arm_nn_high_half(addend) + (int8_t)(x >> 16));
}

static inline uint32_t arm_nn_sxtab16_ror8(uint32_t addend, uint32_t x)
{
    return arm_nn_sxtab16(addend, x >> 8);
}

static inline uint32_t arm_nn_sxtb16(uint32_t x)
{
    return arm_nn_sxtab16(0, x);
}

static inline uint32_t arm_nn_sxtb16_ror8(uint32_t x)
{
    return arm_nn_sxtab16(0, x >> 8);
}

static inline uint32_t arm_nn_pkhbt(uint32_t low, uint32_t high)
{
    return (low & 0xFFFFU) | high << 16;
}

static inline uint32_t arm_nn_pkhtb(uint32_t high, uint32_t low)
{
    return (high & 0xFFFF0000U) | low >> 16;
}

static inline uint32_t arm_nn_ssub8(uint32_t a, uint32_t b)
{
    uint32_t result = 0;
    for (int32_t bit = 0; bit < 32; bit += 8) {
        result |= (((a >> bit) - (b >> bit)) & 0xFFU) << bit;
    }
    return result;
}

static inline uint32_t arm_nn_ssub16(uint32_t a, uint32_t b)
{
    return arm_nn_halves(arm_nn_low_half(a) - arm_nn_low_half(b), arm_nn_high_half(a) - arm_nn_high_half(b));
}

static inline int32_t arm_nn_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
    return arm_nn_mla(sum, arm_nn_low_half(a), arm_nn_low_half(b));
}

static inline int32_t arm_nn_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
    return arm_nn_mla(sum, arm_nn_low_half(a), arm_nn_high_half(b));
}

static inline int32_t arm_nn_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
    return arm_nn_mla(sum, arm_nn_high_half(a), arm_nn_low_half(b));
}

static inline int32_t arm_nn_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
    return arm_nn_mla(sum, arm_nn_high_half(a), arm_nn_high_half(b));
}

static inline int32_t arm_nn_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    return arm_nn_smlatt(a, b, arm_nn_smlabb(a, b, sum));
}

static inline int64_t arm_nn_smlald(uint32_t a, uint32_t b, int64_t sum)
{
    const int64_t low = (int64_t)arm_nn_low_half(a) * arm_nn_low_half(b);
    const int64_t high = (int64_t)arm_nn_high_half(a) * arm_nn_high_half(b);
    return arm_nn_wrapping_add_s64(sum, low + high);
}

#endif
