/* SPDX-License-Identifier: MIT */
/* SPACE_TO_DEPTH and DEPTH_TO_SPACE: rows of neighbouring elements in any order. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_copy_rows(const void *input, const int32_t *sizes, const int32_t *steps, int32_t element_bytes, void *output)
{
    const size_t row = (size_t)(sizes[4] * element_bytes);
    uint8_t *to = output;
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            for (int32_t k = 0; k < sizes[2]; k++) {
                for (int32_t l = 0; l < sizes[3]; l++, to += row) {
                    const int32_t first = i * steps[0] + j * steps[1] + k * steps[2] + l * steps[3];
                    memcpy(to, (const uint8_t *)input + first * element_bytes, row);
                }
            }
        }
    }
}
