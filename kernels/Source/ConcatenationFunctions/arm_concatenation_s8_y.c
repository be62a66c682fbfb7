/* SPDX-License-Identifier: MIT */
/* CONCATENATION along the second axis from the end. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_concatenation_s8_y(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_y,
                            const uint32_t offset_y)
{
    const int32_t block = (int32_t)input_x * input_y;
    const int32_t count = (int32_t)input_z * input_w;
    output += input_x * offset_y;
    for (int32_t index = 0; index < count; index++) {
        memcpy(output, input, (size_t)block);
        input += block;
        output += input_x * output_y;
    }
}
