/* SPDX-License-Identifier: MIT */
/* Matrices of int8 with rows and columns exchanged, for BATCH_MATMUL. */

#include "mcusim_functions.h"

void mcusim_transpose_matrices_s8(const int8_t *input, int32_t count, int32_t rows, int32_t columns, int8_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        for (int32_t row = 0; row < rows; row++) {
            for (int32_t column = 0; column < columns; column++) {
                output[column * rows + row] = *input++;
            }
        }
        output += rows * columns;
    }
}
