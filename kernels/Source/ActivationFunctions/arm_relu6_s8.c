/* SPDX-License-Identifier: MIT */
/* RELU6 in place of int8 elements of scale 1 and zero point 0. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_relu6_s8(int8_t *data, uint16_t size)
{
    for (int32_t index = 0; index < size; index++) {
        data[index] = (int8_t)arm_nn_clamp(data[index], 0, 6);
    }
}
