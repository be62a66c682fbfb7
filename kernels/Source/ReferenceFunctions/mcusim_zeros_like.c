/* SPDX-License-Identifier: MIT */
/* ZEROS_LIKE: bytes of 0. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_zeros_like(int32_t size_bytes, void *output)
{
    memset(output, 0, (size_t)size_bytes);
}
