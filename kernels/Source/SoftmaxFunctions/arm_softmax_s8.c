/* SPDX-License-Identifier: MIT */
/* SOFTMAX of int8 rows; the output has scale 1/256 and zero point -128. */

#include "arm_nn_softmax.h"
#include "arm_nnfunctions.h"

#define OUTPUT_BITS 8

void arm_softmax_s8(const int8_t *input,
                    const int32_t num_rows,
                    const int32_t row_size,
                    const int32_t mult,
                    const int32_t shift,
                    const int32_t diff_min,
                    int8_t *output)
{
    const arm_nn_softmax_scale scale = {mult, shift, diff_min};
    for (int32_t row = 0; row < num_rows; row++, input += row_size, output += row_size) {
        const arm_nn_softmax_row sum = arm_nn_softmax_sum(input, row_size, &scale, OUTPUT_BITS);
        for (int32_t index = 0; index < row_size; index++) {
            const int32_t probability = arm_nn_softmax_probability(input[index], &sum, &scale);
            output[index] = (int8_t)arm_nn_min(probability + INT8_MIN, INT8_MAX);
        }
    }
}
