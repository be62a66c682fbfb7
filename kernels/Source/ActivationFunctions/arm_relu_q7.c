/* SPDX-License-Identifier: MIT */
/* RELU in place of int8 elements whose zero point is 0. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

void arm_relu_q7(int8_t *data, uint16_t size)
{
    for (int32_t index = 0; index < size; index++) {
        data[index] = (int8_t)arm_nn_max(data[index], 0);
    }
}
