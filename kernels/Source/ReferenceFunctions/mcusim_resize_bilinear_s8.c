/* SPDX-License-Identifier: MIT */
/* RESIZE_BILINEAR of int8: positions and weights have 10 fractional bits. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

#define FRACTION_BITS 10
#define ONE (1 << FRACTION_BITS)

/* Neighbours of a position along an axis, and the weight of the upper one in 1/1024. */
typedef struct {
    int32_t lower;
    int32_t upper;
    int32_t weight;
} neighbours;

/* Input positions an output position, to nearest. */
static inline int32_t scale_of(int32_t input_size, int32_t output_size, int32_t align_corners)
{
    if (align_corners && output_size > 1) {
        return (ONE * (input_size - 1) + (output_size - 1) / 2) / (output_size - 1);
    }
    return (ONE * input_size + output_size / 2) / output_size;
}

static inline neighbours around(int32_t index, int32_t input_size, int32_t scale, int32_t half_pixel_centers)
{
    const int32_t position = index * scale + (half_pixel_centers ? scale / 2 - ONE / 2 : 0);
    const int32_t lower = arm_nn_max(position / ONE, 0);
    const int32_t upper = arm_nn_min((position + ONE - 1) / ONE, input_size - 1);
    const neighbours found = {lower, upper, position - ONE * lower};
    return found;
}

/* sum / 2^20 to nearest, halves away from zero. */
static inline int8_t interpolated(int64_t sum)
{
    const int64_t half = 1LL << (2 * FRACTION_BITS - 1);
    return (int8_t)((sum + (sum > 0 ? half : -half)) / (1LL << 2 * FRACTION_BITS));
}

void mcusim_resize_bilinear_s8(const int8_t *input,
                               const cmsis_nn_dims *input_dims,
                               int32_t align_corners,
                               int32_t half_pixel_centers,
                               const cmsis_nn_dims *output_dims,
                               int8_t *output)
{
    const int32_t scale_h = scale_of(input_dims->h, output_dims->h, align_corners);
    const int32_t scale_w = scale_of(input_dims->w, output_dims->w, align_corners);
    const int32_t channels = input_dims->c;
    const int32_t row = input_dims->w * channels;
    for (int32_t n = 0; n < output_dims->n; n++, input += input_dims->h * row) {
        for (int32_t h = 0; h < output_dims->h; h++) {
            const neighbours y = around(h, input_dims->h, scale_h, half_pixel_centers);
            for (int32_t w = 0; w < output_dims->w; w++) {
                const neighbours x = around(w, input_dims->w, scale_w, half_pixel_centers);
                for (int32_t c = 0; c < channels; c++) {
                    const int8_t *const pixel = input + c;
                    const int64_t lower_left = pixel[y.lower * row + x.lower * channels];
                    const int64_t lower_right = pixel[y.lower * row + x.upper * channels];
                    const int64_t upper_left = pixel[y.upper * row + x.lower * channels];
                    const int64_t upper_right = pixel[y.upper * row + x.upper * channels];
                    *output++ = interpolated(lower_left * (ONE - y.weight) * (ONE - x.weight) +
                                             upper_left * y.weight * (ONE - x.weight) +
                                             lower_right * (ONE - y.weight) * x.weight +
                                             upper_right * y.weight * x.weight);
                }
            }
        }
    }
}
