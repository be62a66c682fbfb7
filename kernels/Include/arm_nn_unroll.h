/* SPDX-License-Identifier: MIT */
/* A window of the input as a column of int16, ready to be multiplied. */

#ifndef ARM_NN_UNROLL_H
#define ARM_NN_UNROLL_H

#include "arm_nnsupportfunctions.h"

/*
 * How windows are taken: size of the input, bytes of a pixel, size of the window and the channels of it that are
 * taken. `upscale_*`, 0 or 1: so many zeros are thought behind each of the input's rows and columns.
 */
typedef struct {
    int32_t height;
    int32_t width;
    int32_t pixel_size;
    int32_t filter_h;
    int32_t filter_w;
    int32_t channels;
    cmsis_nn_tile dilation;
    int32_t offset;
    int32_t upscale_h;
    int32_t upscale_w;
} arm_nn_unrolling;

/* A pixel's channels to int16 with an offset. */
typedef void arm_nn_widen_pixel(int16_t *column, const void *pixel, int32_t channels, int32_t offset);

/* int16 stays as it is: it has no offset. */
static inline void arm_nn_copy_pixel(int16_t *column, const void *pixel, int32_t channels, int32_t offset)
{
    (void)offset;
    memcpy(column, pixel, (size_t)channels * sizeof(int16_t));
}

/* The window at (top, left); positions outside the input are 0, as if they held the zero point. */
__attribute__((always_inline)) static inline void arm_nn_unroll_window(int16_t *column,
                                                                       const arm_nn_unrolling *how,
                                                                       const uint8_t *input,
                                                                       int32_t top,
                                                                       int32_t left,
                                                                       arm_nn_widen_pixel *widen)
{
    const int32_t channels = how->channels;
    const int32_t height = how->height << how->upscale_h;
    const int32_t width = how->width << how->upscale_w;
    for (int32_t ky = 0; ky < how->filter_h; ky++) {
        const int32_t y = top + ky * how->dilation.h;
        for (int32_t kx = 0; kx < how->filter_w; kx++, column += channels) {
            const int32_t x = left + kx * how->dilation.w;
            if (y < 0 || y >= height || x < 0 || x >= width || (y & how->upscale_h) || (x & how->upscale_w)) {
                memset(column, 0, (size_t)channels * sizeof(int16_t));
            } else {
                const int32_t pixel = (y >> how->upscale_h) * how->width + (x >> how->upscale_w);
                widen(column, input + pixel * how->pixel_size, channels, how->offset);
            }
        }
    }
}

#endif
