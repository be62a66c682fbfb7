/* SPDX-License-Identifier: MIT */
/* Scratch of DEPTHWISE_CONV_2D of int16 with the DSP extension. */

#include "arm_depthwise_conv.h"

/* One window. */
int32_t arm_depthwise_conv_fast_s16_get_buffer_size(const cmsis_nn_dims *input_dims, const cmsis_nn_dims *filter_dims)
{
    return input_dims->c * filter_dims->w * filter_dims->h * (int32_t)sizeof(int16_t);
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
