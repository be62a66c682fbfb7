/* SPDX-License-Identifier: MIT */
/* SPLIT, PACK and UNPACK: blocks of bytes at regular distances on both sides. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_copy_blocks(const void *input,
                        int32_t input_step_bytes,
                        int32_t block_bytes,
                        int32_t blocks,
                        int32_t output_step_bytes,
                        void *output)
{
    const uint8_t *from = input;
    uint8_t *to = output;
    for (int32_t block = 0; block < blocks; block++) {
        memcpy(to, from, (size_t)block_bytes);
        from += input_step_bytes;
        to += output_step_bytes;
    }
}
