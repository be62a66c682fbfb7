/* SPDX-License-Identifier: MIT */
/* L2_NORMALIZATION of int8 rows; the output has scale 1/128 and zero point 0. */

#include "mcusim_functions.h"
#include "mcusim_roots.h"
#include "mcusim_scale.h"

#define OUTPUT_FRACTIONAL_BITS 7

void mcusim_l2_normalization_s8(
    const int8_t *input, int32_t zero_point, int32_t num_rows, int32_t row_size, int8_t *output)
{
    for (int32_t row = 0; row < num_rows; row++, input += row_size, output += row_size) {
        int32_t sum = 0;
        for (int32_t index = 0; index < row_size; index++) {
            const int32_t value = input[index] - zero_point;
            sum += value * value;
        }
        const mcusim_inverse_root root = mcusim_inverse_square_root(sum);
        for (int32_t index = 0; index < row_size; index++) {
            const int32_t value =
                mcusim_scale(input[index] - zero_point, root.multiplier, root.shift + OUTPUT_FRACTIONAL_BITS);
            output[index] = (int8_t)arm_nn_clamp(value, INT8_MIN, INT8_MAX);
        }
    }
}
