/* SPDX-License-Identifier: MIT */
/* Scratch of AVERAGE_POOL_2D with the DSP extension: one int32 sum a channel. */

#include "arm_nnfunctions.h"

int32_t arm_avgpool_s8_get_buffer_size(const int dim_dst_width, const int ch_src)
{
    (void)dim_dst_width;
    return ch_src * (int32_t)sizeof(int32_t);
}
