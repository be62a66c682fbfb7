/* SPDX-License-Identifier: MIT */
/* TRANSPOSE and BROADCAST_TO: elements of the input in any order, one by one. */

#include "mcusim_elements.h"
#include "mcusim_functions.h"

static inline __attribute__((always_inline)) void
copy(const uint8_t *input, const int32_t *sizes, const int32_t *steps, int32_t bytes, uint8_t *output)
{
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            for (int32_t k = 0; k < sizes[2]; k++) {
                for (int32_t l = 0; l < sizes[3]; l++) {
                    const int32_t first = i * steps[0] + j * steps[1] + k * steps[2] + l * steps[3];
                    const uint8_t *element = input + first * bytes;
                    const int32_t step = steps[4] * bytes;
                    for (int32_t m = sizes[4]; m > 0; m--, element += step, output += bytes) {
                        mcusim_move(output, element, bytes);
                    }
                }
            }
        }
    }
}

void mcusim_strided_copy(
    const void *input, const int32_t *sizes, const int32_t *steps, int32_t element_bytes, void *output)
{
    MCUSIM_BY_SIZE(element_bytes, copy(input, sizes, steps, BYTES, output))
}
