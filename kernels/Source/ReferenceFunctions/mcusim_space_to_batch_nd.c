/* SPDX-License-Identifier: MIT */
/* SPACE_TO_BATCH_ND of two spatial dimensions: each pixel of each output batch is copied or padded. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_space_to_batch_nd(const void *input,
                              const cmsis_nn_dims *input_dims,
                              const cmsis_nn_tile *block,
                              const cmsis_nn_tile *padding,
                              int32_t pixel_bytes,
                              int32_t pad_value,
                              const cmsis_nn_dims *output_dims,
                              void *output)
{
    uint8_t *to = output;
    for (int32_t n = 0; n < output_dims->n; n++) {
        const int32_t shift_h = n / input_dims->n / block->w - padding->h;
        const int32_t shift_w = n / input_dims->n % block->w - padding->w;
        const uint8_t *from = (const uint8_t *)input + n % input_dims->n * input_dims->h * input_dims->w * pixel_bytes;
        for (int32_t h = 0; h < output_dims->h; h++) {
            for (int32_t w = 0; w < output_dims->w; w++, to += pixel_bytes) {
                const int32_t y = h * block->h + shift_h;
                const int32_t x = w * block->w + shift_w;
                if (y < 0 || y >= input_dims->h || x < 0 || x >= input_dims->w) {
                    memset(to, pad_value, (size_t)pixel_bytes);
                } else {
                    memcpy(to, from + (y * input_dims->w + x) * pixel_bytes, (size_t)pixel_bytes);
                }
            }
        }
    }
}
