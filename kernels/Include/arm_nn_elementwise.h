/* SPDX-License-Identifier: MIT */
/* One element of ADD and of MUL. */

#ifndef ARM_NN_ELEMENTWISE_H
#define ARM_NN_ELEMENTWISE_H

#include "arm_nnsupportfunctions.h"

/* An input of ADD: its offset, and the scale that makes both inputs alike. */
typedef struct {
    int32_t offset;
    int32_t multiplier;
    int32_t shift;
} arm_nn_addend;

/* From the result to the output's type, whose range the limits are within. */
typedef struct {
    int32_t multiplier;
    int32_t shift;
    int32_t offset;
    int32_t activation_min;
    int32_t activation_max;
} arm_nn_result;

static inline int32_t arm_nn_finish(int32_t value, const arm_nn_result *result)
{
    const int32_t scaled = arm_nn_requantize(value, result->multiplier, result->shift);
    return arm_nn_clamp(arm_nn_wrapping_add(scaled, result->offset), result->activation_min, result->activation_max);
}

static inline int32_t arm_nn_add(int32_t value_1,
                                 int32_t value_2,
                                 const arm_nn_addend *addend_1,
                                 const arm_nn_addend *addend_2,
                                 int32_t left_shift,
                                 const arm_nn_result *result)
{
    const int32_t scaled_1 = arm_nn_requantize(
        arm_nn_shift_left(value_1 + addend_1->offset, left_shift), addend_1->multiplier, addend_1->shift);
    const int32_t scaled_2 = arm_nn_requantize(
        arm_nn_shift_left(value_2 + addend_2->offset, left_shift), addend_2->multiplier, addend_2->shift);
    return arm_nn_finish(arm_nn_wrapping_add(scaled_1, scaled_2), result);
}

static inline int32_t arm_nn_mul(
    int32_t value_1, int32_t value_2, int32_t offset_1, int32_t offset_2, const arm_nn_result *result)
{
    return arm_nn_finish((value_1 + offset_1) * (value_2 + offset_2), result);
}

/*
 * The same for int16, where CMSIS-NN rounds by comparing the remainder with half: the bits are those of
 * arm_nn_requantize, the instructions are more.
 */
static inline int32_t arm_nn_requantize_by_remainder(int32_t value, int32_t multiplier, int32_t shift)
{
    if (__builtin_expect(shift > 0, 0)) {
        return arm_nn_doubling_high_mult(arm_nn_shift_left(value, shift), multiplier);
    }
    const int32_t high = arm_nn_doubling_high_mult(value, multiplier);
    const int32_t mask = (int32_t)((1U << -shift) - 1);
    const int32_t result = high >> -shift;
    const int32_t remainder = high & mask;
    const int32_t half = mask >> 1;
    return result + (result < 0 ? remainder > half + 1 : remainder > half);
}

/* Two int16 of any address at once: calls of memcpy where the core has no unaligned loads. */
static inline uint32_t arm_nn_read_pair_s16(const int16_t *source)
{
    uint32_t pair;
    __builtin_memcpy(&pair, source, sizeof(pair));
    return pair;
}

static inline void arm_nn_write_pair_s16(int16_t *destination, int32_t low, int32_t high)
{
    const uint32_t pair = ((uint32_t)low & 0xFFFFU) | ((uint32_t)high << 16);
    __builtin_memcpy(destination, &pair, sizeof(pair));
}

static inline int32_t arm_nn_finish_s16(int32_t value, const arm_nn_result *result)
{
    const int32_t scaled = arm_nn_requantize_by_remainder(value, result->multiplier, result->shift);
    return arm_nn_clamp(arm_nn_wrapping_add(scaled, result->offset), result->activation_min, result->activation_max);
}

static inline int32_t arm_nn_add_s16(int32_t value_1,
                                     int32_t value_2,
                                     const arm_nn_addend *addend_1,
                                     const arm_nn_addend *addend_2,
                                     int32_t left_shift,
                                     const arm_nn_result *result)
{
    const int32_t scaled_1 = arm_nn_requantize_by_remainder(
        arm_nn_shift_left(value_1, left_shift), addend_1->multiplier, addend_1->shift);
    const int32_t scaled_2 = arm_nn_requantize_by_remainder(
        arm_nn_shift_left(value_2, left_shift), addend_2->multiplier, addend_2->shift);
    return arm_nn_finish_s16(scaled_1 + scaled_2, result);
}

#endif
