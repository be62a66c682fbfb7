/* SPDX-License-Identifier: MIT */
/* RESHAPE: the elements keep their order. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_reshape_s8(const int8_t *input, int8_t *output, const uint32_t total_size)
{
    memcpy(output, input, total_size);
}
