/* SPDX-License-Identifier: MIT */
/* FILL: one element as often as the output has room. */

#include "mcusim_elements.h"
#include "mcusim_functions.h"

static inline __attribute__((always_inline)) void
fill(const void *value, int32_t size, int32_t bytes, uint8_t *output)
{
    for (int32_t index = 0; index < size; index++, output += bytes) {
        mcusim_move(output, value, bytes);
    }
}

void mcusim_fill(const void *value, int32_t element_bytes, int32_t size, void *output)
{
    MCUSIM_BY_SIZE(element_bytes, fill(value, size, BYTES, output))
}
