/* SPDX-License-Identifier: MIT */
/* BATCH_TO_SPACE_ND of two spatial dimensions: each pixel of each input batch goes to its place, if not cropped. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

void mcusim_batch_to_space_nd(const void *input,
                              const cmsis_nn_dims *input_dims,
                              const cmsis_nn_tile *block,
                              const cmsis_nn_tile *crop,
                              int32_t pixel_bytes,
                              const cmsis_nn_dims *output_dims,
                              void *output)
{
    const uint8_t *from = input;
    for (int32_t n = 0; n < input_dims->n; n++) {
        const int32_t shift_h = n / output_dims->n / block->w - crop->h;
        const int32_t shift_w = n / output_dims->n % block->w - crop->w;
        uint8_t *to = (uint8_t *)output + n % output_dims->n * output_dims->h * output_dims->w * pixel_bytes;
        for (int32_t h = 0; h < input_dims->h; h++) {
            const int32_t y = h * block->h + shift_h;
            for (int32_t w = 0; w < input_dims->w; w++, from += pixel_bytes) {
                const int32_t x = w * block->w + shift_w;
                if (y >= 0 && y < output_dims->h && x >= 0 && x < output_dims->w) {
                    memcpy(to + (y * output_dims->w + x) * pixel_bytes, from, (size_t)pixel_bytes);
                }
            }
        }
    }
}
