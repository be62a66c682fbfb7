/* SPDX-License-Identifier: MIT */
/* CUMSUM of int8 along one axis: running sums of the rescaled inputs, each rescaled to the output. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_cumsum_s8(const int8_t *input,
                      int32_t outer,
                      int32_t axis_size,
                      int32_t inner,
                      int32_t exclusive,
                      int32_t reverse,
                      int32_t input_offset,
                      int32_t input_mult,
                      int32_t input_shift,
                      int32_t left_shift,
                      int32_t out_offset,
                      int32_t out_mult,
                      int32_t out_shift,
                      int8_t *output)
{
    const int32_t step = reverse ? -inner : inner;
    /* What TensorFlow Lite takes for a quantized 0. */
    const uint32_t start =
        (uint32_t)arm_nn_requantize(arm_nn_shift_left(input_offset, left_shift), input_mult, input_shift);
    for (int32_t row = 0; row < outer; row++) {
        for (int32_t column = 0; column < inner; column++) {
            int32_t index = (row * axis_size + (reverse ? axis_size - 1 : 0)) * inner + column;
            uint32_t sum = start;
            for (int32_t count = axis_size; count > 0; count--, index += step) {
                const uint32_t before = sum;
                sum += (uint32_t)arm_nn_requantize(
                    arm_nn_shift_left(input[index] + input_offset, left_shift), input_mult, input_shift);
                const int32_t value = arm_nn_requantize((int32_t)(exclusive ? before : sum), out_mult, out_shift);
                output[index] = (int8_t)arm_nn_clamp(value + out_offset, INT8_MIN, INT8_MAX);
            }
        }
    }
}
