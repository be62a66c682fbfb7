/* SPDX-License-Identifier: MIT */
/* SOFTMAX of int16 rows by tables of exp and of 1 / (1 + x); the output has scale 1/32768 and zero point 0. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

/* The value of a function of which a table has 512 equally spaced steps over the int16 range. */
static inline int32_t look_up(const int16_t *table, int32_t value)
{
    const int16_t *step = table + 256 + (value >> 7);
    return step[0] + (((step[1] - step[0]) * (value & 0x7F) + (1 << 6)) >> 7);
}

/* exp of each element's distance below the largest, Q0.15, into `exponentials`; their sum. */
static inline int32_t sum_of_exponentials(const int16_t *input,
                                          int32_t row_size,
                                          int32_t mult,
                                          int32_t shift,
                                          const int16_t *exp_lut,
                                          int16_t *exponentials)
{
    int32_t largest = input[0];
    for (int32_t index = 1; index < row_size; index++) {
        largest = arm_nn_max(largest, input[index]);
    }
    int32_t sum = 0;
    for (int32_t index = 0; index < row_size; index++) {
        /* -65535 .. 0 stand for -10 .. 0, and the table's middle is in the middle of these. */
        const int32_t scaled = arm_nn_requantize(input[index] - largest, mult, shift);
        const int32_t centred = arm_nn_clamp(arm_nn_wrapping_add(scaled, INT16_MAX), INT16_MIN, INT16_MAX);
        exponentials[index] = (int16_t)look_up(exp_lut, centred);
        sum += exponentials[index];
    }
    return sum;
}

arm_cmsis_nn_status arm_softmax_s16(const int16_t *input,
                                    const int32_t num_rows,
                                    const int32_t row_size,
                                    const int32_t mult,
                                    const int32_t shift,
                                    const cmsis_nn_softmax_lut_s16 *softmax_params,
                                    int16_t *output)
{
    if (softmax_params->exp_lut == NULL || softmax_params->one_by_one_lut == NULL) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    for (int32_t row = 0; row < num_rows; row++, input += row_size, output += row_size) {
        const int32_t sum = sum_of_exponentials(input, row_size, mult, shift, softmax_params->exp_lut, output);
        /* The sum is normalized to [1, 2) as Q1.16; the table wants what it is above 1. */
        const int32_t headroom = __builtin_clz((uint32_t)sum);
        const int32_t normalized = (int32_t)((((uint32_t)sum << (headroom - 1)) + (1U << 13)) >> 14);
        const int32_t centred = arm_nn_clamp(normalized - (3 << 15), INT16_MIN, INT16_MAX);
        const int32_t reciprocal = look_up(softmax_params->one_by_one_lut, centred);
        const int32_t right_shift = 31 - headroom;
        for (int32_t index = 0; index < row_size; index++) {
            const int32_t probability = (output[index] * reciprocal + (1 << (right_shift - 1))) >> right_shift;
            output[index] = (int16_t)arm_nn_clamp(probability, 0, INT16_MAX);
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
