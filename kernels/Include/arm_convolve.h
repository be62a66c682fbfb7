/* SPDX-License-Identifier: MIT */
/* What the convolutions share: which function can do a layer, windows as columns, the walk over the output's pixels. */

#ifndef ARM_CONVOLVE_H
#define ARM_CONVOLVE_H

#include <stdbool.h>

#include "arm_nn_unroll.h"
#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

/* Whether the layer is one matrix product of pixels and filters. */
static inline bool arm_convolve_is_1x1(const cmsis_nn_conv_params *conv_params,
                                       const cmsis_nn_dims *input_dims,
                                       const cmsis_nn_dims *filter_dims)
{
    return filter_dims->w == 1 && filter_dims->h == 1 && conv_params->padding.w == 0 && conv_params->padding.h == 0 &&
           conv_params->dilation.w == 1 && conv_params->dilation.h == 1 && input_dims->c == filter_dims->c;
}

static inline bool arm_convolve_is_1x1_fast(const cmsis_nn_conv_params *conv_params,
                                            const cmsis_nn_dims *input_dims,
                                            const cmsis_nn_dims *filter_dims)
{
    return arm_convolve_is_1x1(conv_params, input_dims, filter_dims) && conv_params->stride.w == 1 &&
           conv_params->stride.h == 1;
}

/* Whether the layer is one row whose windows start at words. */
static inline bool arm_convolve_is_1_x_n(const cmsis_nn_conv_params *conv_params,
                                         const cmsis_nn_dims *input_dims,
                                         const cmsis_nn_dims *filter_dims)
{
    return input_dims->h == 1 && filter_dims->h == 1 && conv_params->dilation.w == 1 &&
           conv_params->stride.w * input_dims->c % 4 == 0 && input_dims->c == filter_dims->c;
}

/* Multipliers and shifts start at `channel`. */
static inline arm_nn_requantization arm_convolve_requantization(const cmsis_nn_conv_params *conv_params,
                                                                const cmsis_nn_per_channel_quant_params *quant_params,
                                                                int32_t channel)
{
    const arm_nn_requantization requantization = {.multiplier = quant_params->multiplier + channel,
                                                  .shift = quant_params->shift + channel,
                                                  .output_offset = conv_params->output_offset,
                                                  .activation_min = conv_params->activation.min,
                                                  .activation_max = conv_params->activation.max};
    return requantization;
}

/* A layer; its columns are column_step elements apart. */
typedef struct {
    const cmsis_nn_conv_params *conv_params;
    const cmsis_nn_dims *output_dims;
    const cmsis_nn_dims *input_dims;
    arm_nn_unrolling unrolling;
    int32_t element_size;
    int32_t groups;
    int32_t column_step;
} arm_nn_convolution;

static inline arm_nn_convolution arm_convolve_layer(const cmsis_nn_conv_params *conv_params,
                                                    const cmsis_nn_dims *input_dims,
                                                    const cmsis_nn_dims *filter_dims,
                                                    const cmsis_nn_dims *output_dims,
                                                    int32_t element_size,
                                                    int32_t column_step)
{
    const arm_nn_convolution layer = {.conv_params = conv_params,
                                      .output_dims = output_dims,
                                      .input_dims = input_dims,
                                      .unrolling = {.height = input_dims->h,
                                                    .width = input_dims->w,
                                                    .pixel_size = input_dims->c * element_size,
                                                    .filter_h = filter_dims->h,
                                                    .filter_w = filter_dims->w,
                                                    .channels = filter_dims->c,
                                                    .dilation = conv_params->dilation,
                                                    .offset = conv_params->input_offset},
                                      .element_size = element_size,
                                      .groups = input_dims->c / filter_dims->c,
                                      .column_step = column_step};
    return layer;
}

/* Consecutive output channels that read the same input channels; depth: elements of a filter. */
typedef struct {
    int32_t first_channel;
    int32_t channels;
    int32_t depth;
} arm_nn_group;

/* One or two columns times the filters of a group, to `output` and the pixel behind it. */
typedef void arm_nn_multiply_columns(
    const void *context, const arm_nn_group *group, const int16_t *columns, int32_t count, void *output);

/* All output pixels of one image for one group, two at a time. */
__attribute__((always_inline)) static inline void arm_convolve_group(int16_t *columns,
                                                                     const arm_nn_convolution *layer,
                                                                     const arm_nn_group *group,
                                                                     const uint8_t *input,
                                                                     uint8_t *output,
                                                                     int32_t output_pixel_size,
                                                                     arm_nn_widen_pixel *widen,
                                                                     arm_nn_multiply_columns *multiply,
                                                                     const void *context)
{
    const cmsis_nn_conv_params *conv_params = layer->conv_params;
    int32_t filled = 0;
    for (int32_t y = 0; y < layer->output_dims->h; y++) {
        const int32_t top = y * conv_params->stride.h - conv_params->padding.h;
        for (int32_t x = 0; x < layer->output_dims->w; x++) {
            const int32_t left = x * conv_params->stride.w - conv_params->padding.w;
            arm_nn_unroll_window(columns + filled * layer->column_step, &layer->unrolling, input, top, left, widen);
            if (++filled == 2) {
                multiply(context, group, columns, 2, output);
                output += 2 * output_pixel_size;
                filled = 0;
            }
        }
    }
    if (filled) {
        multiply(context, group, columns, 1, output);
    }
}

/* All images and groups. */
__attribute__((always_inline)) static inline void arm_convolve_all(int16_t *columns,
                                                                   const arm_nn_convolution *layer,
                                                                   const void *input_data,
                                                                   void *output_data,
                                                                   arm_nn_widen_pixel *widen,
                                                                   arm_nn_multiply_columns *multiply,
                                                                   const void *context)
{
    const cmsis_nn_dims *input_dims = layer->input_dims;
    const cmsis_nn_dims *output_dims = layer->output_dims;
    const arm_nn_unrolling *unrolling = &layer->unrolling;
    const int32_t element_size = layer->element_size;
    const uint8_t *input = input_data;
    uint8_t *output = output_data;
    arm_nn_group group = {.channels = output_dims->c / layer->groups,
                          .depth = unrolling->filter_h * unrolling->filter_w * unrolling->channels};
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t index = 0; index < layer->groups; index++) {
            group.first_channel = index * group.channels;
            arm_convolve_group(columns,
                               layer,
                               &group,
                               input + index * unrolling->channels * element_size,
                               output + group.first_channel * element_size,
                               output_dims->c * element_size,
                               widen,
                               multiply,
                               context);
        }
        input += input_dims->h * input_dims->w * unrolling->pixel_size;
        output += output_dims->h * output_dims->w * output_dims->c * element_size;
    }
}

#endif
