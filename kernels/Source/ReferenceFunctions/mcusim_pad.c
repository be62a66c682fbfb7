/* SPDX-License-Identifier: MIT */
/* PAD of elements of any size: each output element is looked at alone. */

#include "mcusim_elements.h"
#include "mcusim_functions.h"

static inline int32_t inside(int32_t index, int32_t before, int32_t size)
{
    return index >= before && index < before + size;
}

static inline __attribute__((always_inline)) void pad(const uint8_t *input,
                                                      const int32_t *sizes,
                                                      const int32_t *before,
                                                      const int32_t *output_sizes,
                                                      const void *pad_value,
                                                      int32_t bytes,
                                                      uint8_t *output)
{
    for (int32_t i = 0; i < output_sizes[0]; i++) {
        for (int32_t j = 0; j < output_sizes[1]; j++) {
            for (int32_t k = 0; k < output_sizes[2]; k++) {
                for (int32_t l = 0; l < output_sizes[3]; l++) {
                    for (int32_t m = 0; m < output_sizes[4]; m++, output += bytes) {
                        if (inside(i, before[0], sizes[0]) && inside(j, before[1], sizes[1]) &&
                            inside(k, before[2], sizes[2]) && inside(l, before[3], sizes[3]) &&
                            inside(m, before[4], sizes[4])) {
                            mcusim_move(output, input, bytes);
                            input += bytes;
                        } else {
                            mcusim_move(output, pad_value, bytes);
                        }
                    }
                }
            }
        }
    }
}

void mcusim_pad(const void *input,
                const int32_t *sizes,
                const int32_t *before,
                const int32_t *output_sizes,
                const void *pad_value,
                int32_t element_bytes,
                void *output)
{
    MCUSIM_BY_SIZE(element_bytes, pad(input, sizes, before, output_sizes, pad_value, BYTES, output))
}
