/* SPDX-License-Identifier: MIT */
/* Scratch of DEPTHWISE_CONV_2D of int16 without the DSP extension: none. */

#include "arm_depthwise_conv.h"

int32_t arm_depthwise_conv_fast_s16_get_buffer_size(const cmsis_nn_dims *input_dims, const cmsis_nn_dims *filter_dims)
{
    (void)input_dims;
    (void)filter_dims;
    return 0;
}

int32_t arm_depthwise_conv_wrapper_s16_get_buffer_size(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                       const cmsis_nn_dims *input_dims,
                                                       const cmsis_nn_dims *filter_dims,
                                                       const cmsis_nn_dims *output_dims)
{
    (void)output_dims;
    if (!arm_depthwise_conv_is_fast_s16(dw_conv_params, filter_dims)) {
        return 0;
    }
    return arm_depthwise_conv_fast_s16_get_buffer_size(input_dims, filter_dims);
}
