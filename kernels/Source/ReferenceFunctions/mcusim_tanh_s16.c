/* SPDX-License-Identifier: MIT */
/* TANH of int16 elements by interpolation in a table; the output is Q0.15. */

#include "arm_nn_sigmoid.h"
#include "mcusim_functions.h"

void mcusim_tanh_s16(const int16_t *input, int32_t multiplier, int32_t left_shift, int32_t size, int16_t *output)
{
    const int32_t half = left_shift > 0 ? 1 << (left_shift - 1) : 0;
    for (int32_t index = 0; index < size; index++) {
        output[index] = arm_nn_tanh_s16((input[index] * multiplier + half) >> left_shift);
    }
}
