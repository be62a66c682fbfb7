/* SPDX-License-Identifier: MIT */
/* Instructions of the Armv7E-M DSP extension that work on two int16 or four int8 at once. */

#ifndef ARM_NN_DSP_H
#define ARM_NN_DSP_H

#ifdef __arm__

#include <arm_acle.h>
#include <stdint.h>

#include "arm_nnsupportfunctions.h"

/* Bytes 0 and 2, or 1 and 3, of x as two int16; the accumulating forms add the two int16 of `addend`. */
static inline uint32_t arm_nn_sxtb16(uint32_t x)
{
    return (uint32_t)__sxtb16((int8x4_t)x);
}

static inline uint32_t arm_nn_sxtb16_ror8(uint32_t x)
{
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(x));
    return result;
}

static inline uint32_t arm_nn_sxtab16(uint32_t addend, uint32_t x)
{
    return (uint32_t)__sxtab16((int16x2_t)addend, (int8x4_t)x);
}

static inline uint32_t arm_nn_sxtab16_ror8(uint32_t addend, uint32_t x)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(addend), "r"(x));
    return result;
}

/* Two low halves, or two high halves, side by side: turns byte pairs (0, 2), (1, 3) into (0, 1) and (2, 3). */
static inline uint32_t arm_nn_pkhbt(uint32_t low, uint32_t high)
{
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
    return result;
}

static inline uint32_t arm_nn_pkhtb(uint32_t high, uint32_t low)
{
    uint32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
    return result;
}

/* Differences of four bytes, and of two halves. */
static inline uint32_t arm_nn_ssub8(uint32_t a, uint32_t b)
{
    return (uint32_t)__ssub8((int8x4_t)a, (int8x4_t)b);
}

static inline uint32_t arm_nn_ssub16(uint32_t a, uint32_t b)
{
    return (uint32_t)__ssub16((int16x2_t)a, (int16x2_t)b);
}

/* sum + a.low * b.low + a.high * b.high */
static inline int32_t arm_nn_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

/* The same with a sum of 64 bits. */
static inline int64_t arm_nn_smlald(uint32_t a, uint32_t b, int64_t sum)
{
    return __smlald((int16x2_t)a, (int16x2_t)b, sum);
}

/* sum + a.low * b.low, sum + a.high * b.high */
static inline int32_t arm_nn_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlabb((int32_t)a, (int32_t)b, sum);
}

static inline int32_t arm_nn_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlabt((int32_t)a, (int32_t)b, sum);
}

static inline int32_t arm_nn_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlatb((int32_t)a, (int32_t)b, sum);
}

static inline int32_t arm_nn_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlatt((int32_t)a, (int32_t)b, sum);
}

#else
#include "arm_nn_dsp_portable.h"
#endif

/* The same int16 in both halves. */
static inline uint32_t arm_nn_pair(int32_t value)
{
    return ((uint32_t)value & 0xFFFFU) * 0x10001U;
}

#endif
