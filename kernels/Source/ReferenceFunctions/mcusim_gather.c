/* SPDX-License-Identifier: MIT */
/* GATHER: blocks of the input by their indices along an axis. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

arm_cmsis_nn_status mcusim_gather(const void *input,
                                  const int32_t *indices,
                                  int32_t batches,
                                  int32_t outer,
                                  int32_t axis_size,
                                  int32_t block_bytes,
                                  int32_t index_count,
                                  void *output)
{
    const uint8_t *from = input;
    uint8_t *to = output;
    for (int32_t batch = 0; batch < batches; batch++, indices += index_count) {
        for (int32_t row = 0; row < outer; row++, from += axis_size * block_bytes) {
            for (int32_t position = 0; position < index_count; position++, to += block_bytes) {
                const int32_t index = indices[position];
                if (index < 0 || index >= axis_size) {
                    return ARM_CMSIS_NN_ARG_ERROR;
                }
                memcpy(to, from + index * block_bytes, (size_t)block_bytes);
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
