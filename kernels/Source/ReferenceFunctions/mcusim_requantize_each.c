/* SPDX-License-Identifier: MIT */
/* The fixed-point scaling of the kernels, element by element: what its results can be checked by. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_requantize_each_s32(
    const int32_t *input, const int32_t *multiplier, const int32_t *shift, int32_t size, int32_t *output)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = arm_nn_requantize(input[i], multiplier[i], shift[i]);
    }
}

void mcusim_requantize_each_s64(
    const int64_t *input, const int32_t *multiplier, const int32_t *shift, int32_t size, int32_t *output)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = arm_nn_requantize_s64(input[i], arm_nn_reduce_multiplier(multiplier[i]), shift[i]);
    }
}
