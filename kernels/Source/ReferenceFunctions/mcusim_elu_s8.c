/* SPDX-License-Identifier: MIT */
/* ELU of int8 elements by a table of all results. */

#include "mcusim_functions.h"

void mcusim_elu_s8(const int8_t *input, const int8_t *table, int32_t size, int8_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        output[index] = table[(uint8_t)input[index]];
    }
}
