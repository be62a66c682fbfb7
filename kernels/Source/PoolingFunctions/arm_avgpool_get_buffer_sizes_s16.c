/* SPDX-License-Identifier: MIT */
/* Scratch of an int16 AVERAGE_POOL_2D: that of int8. */

#include "arm_nnfunctions.h"

int32_t arm_avgpool_s16_get_buffer_size(const int dim_dst_width, const int ch_src)
{
    return arm_avgpool_s8_get_buffer_size(dim_dst_width, ch_src);
}
