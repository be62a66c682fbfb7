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

/* From the result to the output's int8. */
typedef struct {
    int32_t multiplier;
    int32_t shift;
    int32_t offset;
    int32_t activation_min;
    int32_t activation_max;
} arm_nn_result;

static inline int8_t arm_nn_finish(int32_t value, const arm_nn_result *result)
{
    const int32_t scaled = arm_nn_requantize(value, result->multiplier, result->shift);
    const int32_t output = arm_nn_wrapping_add(scaled, result->offset);
    return (int8_t)arm_nn_clamp(output, result->activation_min, result->activation_max);
}

static inline int8_t arm_nn_add(int8_t value_1,
                                int8_t value_2,
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

static inline int8_t arm_nn_mul(
    int8_t value_1, int8_t value_2, int32_t offset_1, int32_t offset_2, const arm_nn_result *result)
{
    return arm_nn_finish((value_1 + offset_1) * (value_2 + offset_2), result);
}

#endif
