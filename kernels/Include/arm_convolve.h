/* SPDX-License-Identifier: MIT */
/* What the convolutions share: which function can do a layer, and how outputs are made. */

#ifndef ARM_CONVOLVE_H
#define ARM_CONVOLVE_H

#include <stdbool.h>

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

#endif
