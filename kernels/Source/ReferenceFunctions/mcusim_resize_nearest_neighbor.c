/* SPDX-License-Identifier: MIT */
/* RESIZE_NEAREST_NEIGHBOR: pixels of the input, chosen with float32 arithmetic. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

static inline float scale_of(int32_t input_size, int32_t output_size, int32_t align_corners)
{
    const int32_t edges = align_corners && output_size > 1;
    return (float)(input_size - edges) / (float)(output_size - edges);
}

/* The input index of an output index: rounded half up where corners are aligned, else cut off. */
static inline int32_t
nearest(int32_t index, int32_t input_size, float scale, int32_t align_corners, int32_t half_pixel_centers)
{
    /* A half of an integer: nothing is rounded before the product. */
    const float position = (float)(2 * index + half_pixel_centers) * 0.5f * scale;
    const int32_t whole = (int32_t)position;
    const int32_t rounded = whole + (align_corners && position - (float)whole >= 0.5f);
    return arm_nn_min(rounded, input_size - 1);
}

void mcusim_resize_nearest_neighbor(const void *input,
                                    const cmsis_nn_dims *input_dims,
                                    int32_t align_corners,
                                    int32_t half_pixel_centers,
                                    int32_t pixel_bytes,
                                    const cmsis_nn_dims *output_dims,
                                    void *output)
{
    const float scale_h = scale_of(input_dims->h, output_dims->h, align_corners);
    const float scale_w = scale_of(input_dims->w, output_dims->w, align_corners);
    const uint8_t *image = input;
    uint8_t *to = output;
    for (int32_t n = 0; n < output_dims->n; n++, image += input_dims->h * input_dims->w * pixel_bytes) {
        for (int32_t h = 0; h < output_dims->h; h++) {
            const int32_t y = nearest(h, input_dims->h, scale_h, align_corners, half_pixel_centers);
            const uint8_t *row = image + y * input_dims->w * pixel_bytes;
            for (int32_t w = 0; w < output_dims->w; w++, to += pixel_bytes) {
                const int32_t x = nearest(w, input_dims->w, scale_w, align_corners, half_pixel_centers);
                memcpy(to, row + x * pixel_bytes, (size_t)pixel_bytes);
            }
        }
    }
}
