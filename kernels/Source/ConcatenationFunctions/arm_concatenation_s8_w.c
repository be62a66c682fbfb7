/* SPDX-License-Identifier: MIT */
/* CONCATENATION along the outermost axis. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_concatenation_s8_w(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint32_t offset_w)
{
    const uint32_t block = (uint32_t)input_x * input_y * input_z;
    memcpy(output + block * offset_w, input, block * input_w);
}
