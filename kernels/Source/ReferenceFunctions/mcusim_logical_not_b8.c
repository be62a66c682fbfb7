/* SPDX-License-Identifier: MIT */
/* LOGICAL_NOT of each element. */

#include "mcusim_comparisons.h"

void mcusim_logical_not_b8(const bool *input, int32_t size, bool *output)
{
    for (int32_t index = 0; index < size; index++) {
        output[index] = !input[index];
    }
}
