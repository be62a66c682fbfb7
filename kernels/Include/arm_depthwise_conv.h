/* SPDX-License-Identifier: MIT */
/* What the depthwise convolutions share: which function can do a layer, the walk over its pixels, one channel. */

#ifndef ARM_DEPTHWISE_CONV_H
#define ARM_DEPTHWISE_CONV_H

#include <stdbool.h>

#include "arm_nn_unroll.h"
#include "arm_nn_window.h"
#include "arm_nnfunctions.h"

/* Whether arm_depthwise_conv_s8_opt and arm_depthwise_conv_s4_opt can do the layer. */
static inline bool arm_depthwise_conv_is_opt(const cmsis_nn_dw_conv_params *dw_conv_params,
                                             const cmsis_nn_dims *input_dims)
{
    return dw_conv_params->ch_mult == 1 && input_dims->n == 1 && dw_conv_params->dilation.w == 1 &&
           dw_conv_params->dilation.h == 1;
}

/* The same before ch_mult is known: callers may ask for buffer sizes without having set it. */
static inline bool arm_depthwise_conv_wants_column(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                   const cmsis_nn_dims *input_dims,
                                                   const cmsis_nn_dims *output_dims)
{
    return input_dims->c == output_dims->c && input_dims->n == 1 && dw_conv_params->dilation.w == 1 &&
           dw_conv_params->dilation.h == 1;
}

static inline bool arm_depthwise_conv_has_3x3_window(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                     const cmsis_nn_dims *filter_dims)
{
    return filter_dims->w == 3 && filter_dims->h == 3 && dw_conv_params->padding.w <= 1 &&
           dw_conv_params->padding.h <= 1;
}

/* Whether arm_depthwise_conv_3x3_s8 can do the layer. */
static inline bool arm_depthwise_conv_is_3x3(const cmsis_nn_dw_conv_params *dw_conv_params,
                                             const cmsis_nn_dims *input_dims,
                                             const cmsis_nn_dims *filter_dims)
{
    return arm_depthwise_conv_is_opt(dw_conv_params, input_dims) &&
           arm_depthwise_conv_has_3x3_window(dw_conv_params, filter_dims);
}

/* Whether arm_depthwise_conv_fast_s16 can do the layer: its accumulators of 32 bits hold so many products. */
static inline bool arm_depthwise_conv_is_fast_s16(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                  const cmsis_nn_dims *filter_dims)
{
    return dw_conv_params->ch_mult == 1 && dw_conv_params->dilation.w == 1 && dw_conv_params->dilation.h == 1 &&
           filter_dims->w * filter_dims->h < 512;
}

static inline arm_nn_requantization arm_depthwise_conv_requantization(
    const cmsis_nn_dw_conv_params *dw_conv_params, const cmsis_nn_per_channel_quant_params *quant_params)
{
    const arm_nn_requantization requantization = {.multiplier = quant_params->multiplier,
                                                  .shift = quant_params->shift,
                                                  .output_offset = dw_conv_params->output_offset,
                                                  .activation_min = dw_conv_params->activation.min,
                                                  .activation_max = dw_conv_params->activation.max};
    return requantization;
}

typedef struct {
    const cmsis_nn_dw_conv_params *dw_conv_params;
    const cmsis_nn_dims *input_dims;
    const cmsis_nn_dims *filter_dims;
    const cmsis_nn_dims *output_dims;
} arm_nn_depthwise;

/*
 * The part of a window inside the input: the elements of input and filter where it starts, its size, the elements from
 * one position to the next and those left out between the end of a row and the next row.
 */
typedef struct {
    int32_t input;
    int32_t filter;
    int32_t rows;
    int32_t columns;
    int32_t input_step;
    int32_t filter_step;
    int32_t input_skip;
    int32_t filter_skip;
} arm_nn_dw_window;

/* All channels of one output pixel, which begin at element `output`. */
typedef void arm_nn_dw_pixel(const void *context, const arm_nn_dw_window *window, int32_t output);

static inline arm_nn_range arm_nn_dw_inside(
    int32_t start, int32_t kernel, int32_t size, int32_t dilation, bool is_dilated)
{
    return is_dilated ? arm_nn_inside_dilated(start, kernel, size, dilation) : arm_nn_inside(start, kernel, size);
}

/* The pixels of all images. Windows of a layer without dilation are found without a division. */
__attribute__((always_inline)) static inline void arm_nn_dw_walk(const arm_nn_depthwise *layer,
                                                                 bool is_dilated,
                                                                 arm_nn_dw_pixel *convolve_pixel,
                                                                 const void *context)
{
    const cmsis_nn_dw_conv_params *const params = layer->dw_conv_params;
    const cmsis_nn_dims *const input_dims = layer->input_dims;
    const cmsis_nn_dims *const filter_dims = layer->filter_dims;
    const cmsis_nn_dims *const output_dims = layer->output_dims;
    const cmsis_nn_tile dilation = is_dilated ? params->dilation : (cmsis_nn_tile){1, 1};
    const int32_t channels = output_dims->c;
    const int32_t input_row = input_dims->w * input_dims->c;
    arm_nn_dw_window window = {.input_step = dilation.w * input_dims->c, .filter_step = channels};
    int32_t output = 0;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        const int32_t image = batch * input_dims->h * input_row;
        for (int32_t y = 0; y < output_dims->h; y++) {
            const int32_t top = y * params->stride.h - params->padding.h;
            const arm_nn_range rows = arm_nn_dw_inside(top, filter_dims->h, input_dims->h, dilation.h, is_dilated);
            window.rows = rows.last - rows.first;
            for (int32_t x = 0; x < output_dims->w; x++, output += channels) {
                const int32_t left = x * params->stride.w - params->padding.w;
                const arm_nn_range columns =
                    arm_nn_dw_inside(left, filter_dims->w, input_dims->w, dilation.w, is_dilated);
                window.columns = columns.last - columns.first;
                window.input_skip = dilation.h * input_row - window.columns * window.input_step;
                window.filter_skip = (filter_dims->w - window.columns) * channels;
                window.input = image + (top + rows.first * dilation.h) * input_row +
                               (left + columns.first * dilation.w) * input_dims->c;
                window.filter = (rows.first * filter_dims->w + columns.first) * channels;
                convolve_pixel(context, &window, output);
            }
        }
    }
}

/* All channels of one output pixel, which begin at element `output`, from a column. */
typedef void arm_nn_dw_unrolled_pixel(const void *context, int32_t output);

/* The pixels of all images, the window of each unrolled into `column`; not for dilation. */
__attribute__((always_inline)) static inline void arm_nn_dw_unrolled_walk(const arm_nn_depthwise *layer,
                                                                          int16_t *column,
                                                                          const void *input_data,
                                                                          int32_t element_size,
                                                                          arm_nn_widen_pixel *widen,
                                                                          arm_nn_dw_unrolled_pixel *convolve_pixel,
                                                                          const void *context)
{
    const cmsis_nn_dw_conv_params *const params = layer->dw_conv_params;
    const cmsis_nn_dims *const input_dims = layer->input_dims;
    const cmsis_nn_dims *const output_dims = layer->output_dims;
    const arm_nn_unrolling unrolling = {.height = input_dims->h,
                                        .width = input_dims->w,
                                        .pixel_size = input_dims->c * element_size,
                                        .filter_h = layer->filter_dims->h,
                                        .filter_w = layer->filter_dims->w,
                                        .channels = input_dims->c,
                                        .dilation = {1, 1},
                                        .offset = params->input_offset};
    const uint8_t *input = input_data;
    int32_t output = 0;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t y = 0; y < output_dims->h; y++) {
            const int32_t top = y * params->stride.h - params->padding.h;
            for (int32_t x = 0; x < output_dims->w; x++, output += output_dims->c) {
                const int32_t left = x * params->stride.w - params->padding.w;
                arm_nn_unroll_window(column, &unrolling, input, top, left, widen);
                convolve_pixel(context, output);
            }
        }
        input += input_dims->h * input_dims->w * unrolling.pixel_size;
    }
}

/*
 * What a pixel is computed from where the window is unrolled. Types of bias and output are the kernel's: int32 and int8,
 * or int64 and int16.
 */
typedef struct {
    const int16_t *column;
    const int8_t *filter;
    const void *bias;
    void *output;
    int32_t channels;
    int32_t positions;
    arm_nn_requantization requantization;
} arm_nn_dw_unrolled;

/* A layer with channel multiplier 1 and no dilation; ctx holds one window as int16. convolve_pixel gets the above. */
__attribute__((always_inline)) static inline arm_cmsis_nn_status
arm_depthwise_conv_unrolled(const cmsis_nn_context *ctx,
                            const arm_nn_depthwise *layer,
                            const cmsis_nn_per_channel_quant_params *quant_params,
                            const void *input_data,
                            const int8_t *filter_data,
                            const void *bias_data,
                            void *output_data,
                            int32_t element_size,
                            arm_nn_widen_pixel *widen,
                            arm_nn_dw_unrolled_pixel *convolve_pixel)
{
    if (ctx->buf == NULL) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_dw_unrolled of = {.column = ctx->buf,
                                   .filter = filter_data,
                                   .bias = bias_data,
                                   .output = output_data,
                                   .channels = layer->input_dims->c,
                                   .positions = layer->filter_dims->h * layer->filter_dims->w,
                                   .requantization =
                                       arm_depthwise_conv_requantization(layer->dw_conv_params, quant_params)};
    arm_nn_dw_unrolled_walk(layer, ctx->buf, input_data, element_size, widen, convolve_pixel, &of);
    return ARM_CMSIS_NN_SUCCESS;
}

/* Products of one channel: where its values and weights start. */
static inline int32_t arm_nn_dw_one_channel(const arm_nn_dw_window *window,
                                            const int8_t *value,
                                            const int8_t *weight,
                                            int32_t input_offset)
{
    int32_t sum = 0;
    for (int32_t y = window->rows; y > 0; y--) {
        for (int32_t x = window->columns; x > 0; x--) {
            sum = arm_nn_mla(sum, *value + input_offset, *weight);
            value += window->input_step;
            weight += window->filter_step;
        }
        value += window->input_skip;
        weight += window->filter_skip;
    }
    return sum;
}

#endif
