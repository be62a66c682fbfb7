/* SPDX-License-Identifier: MIT */
/* Scratch of an int16 FULLY_CONNECTED. */

#include "arm_nnfunctions.h"

int32_t arm_fully_connected_s16_get_buffer_size(const cmsis_nn_dims *filter_dims)
{
    (void)filter_dims;
    return 0;
}
