/* SPDX-License-Identifier: MIT */
/* What the depthwise convolutions share: which function can do a layer, how outputs are made, one channel of a window. */

#ifndef ARM_DEPTHWISE_CONV_H
#define ARM_DEPTHWISE_CONV_H

#include <stdbool.h>

#include "arm_nn_window.h"
#include "arm_nnfunctions.h"

/* Whether arm_depthwise_conv_s8_opt can do the layer. */
static inline bool arm_depthwise_conv_is_opt(const cmsis_nn_dw_conv_params *dw_conv_params,
                                             const cmsis_nn_dims *input_dims)
{
    return dw_conv_params->ch_mult == 1 && input_dims->n == 1 && dw_conv_params->dilation.w == 1 &&
           dw_conv_params->dilation.h == 1;
}

/* Whether arm_depthwise_conv_3x3_s8 can do the layer. */
static inline bool arm_depthwise_conv_is_3x3(const cmsis_nn_dw_conv_params *dw_conv_params,
                                             const cmsis_nn_dims *input_dims,
                                             const cmsis_nn_dims *filter_dims)
{
    return arm_depthwise_conv_is_opt(dw_conv_params, input_dims) && filter_dims->w == 3 && filter_dims->h == 3 &&
           dw_conv_params->padding.w <= 1 && dw_conv_params->padding.h <= 1;
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

/*
 * The part of a window inside the input: where it and its weights start, its size, the bytes from one position to the
 * next and those left out between the end of a row and the next row.
 */
typedef struct {
    const int8_t *input;
    const int8_t *filter;
    int32_t rows;
    int32_t columns;
    int32_t input_step;
    int32_t filter_step;
    int32_t input_skip;
    int32_t filter_skip;
    int32_t input_offset;
} arm_nn_dw_window;

static inline int32_t arm_nn_dw_one_channel(const arm_nn_dw_window *window, int32_t input_channel, int32_t channel)
{
    const int8_t *value = window->input + input_channel;
    const int8_t *weight = window->filter + channel;
    int32_t sum = 0;
    for (int32_t y = window->rows; y > 0; y--) {
        for (int32_t x = window->columns; x > 0; x--) {
            sum += (*value + window->input_offset) * *weight;
            value += window->input_step;
            weight += window->filter_step;
        }
        value += window->input_skip;
        weight += window->filter_skip;
    }
    return sum;
}

#endif
