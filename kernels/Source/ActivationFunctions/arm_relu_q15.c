/* SPDX-License-Identifier: MIT */
/* RELU in place of int16 elements. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_relu_q15(int16_t *data, uint16_t size)
{
    for (int32_t index = 0; index < size; index++) {
        data[index] = (int16_t)arm_nn_max(data[index], 0);
    }
}
