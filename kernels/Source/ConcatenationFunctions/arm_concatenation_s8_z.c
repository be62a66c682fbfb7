/* SPDX-License-Identifier: MIT */
/* CONCATENATION along the third axis from the end. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_concatenation_s8_z(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_z,
                            const uint32_t offset_z)
{
    const int32_t block = (int32_t)input_x * input_y * input_z;
    const int32_t count = input_w;
    output += (uint32_t)input_x * input_y * offset_z;
    for (int32_t index = 0; index < count; index++) {
        memcpy(output, input, (size_t)block);
        input += block;
        output += (int32_t)input_x * input_y * output_z;
    }
}
