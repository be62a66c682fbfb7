/* SPDX-License-Identifier: MIT */
/* CONCATENATION along the innermost axis. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_concatenation_s8_x(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_x,
                            const uint32_t offset_x)
{
    const int32_t block = input_x;
    const int32_t count = (int32_t)input_y * input_z * input_w;
    output += offset_x;
    for (int32_t index = 0; index < count; index++) {
        memcpy(output, input, (size_t)block);
        input += block;
        output += output_x;
    }
}
