/* SPDX-License-Identifier: MIT */
/* Scratch of DEPTHWISE_CONV_2D with int4 weights. */

#include "arm_depthwise_conv.h"

/* One window of int16. */
int32_t arm_depthwise_conv_s4_opt_get_buffer_size(const cmsis_nn_dims *input_dims, const cmsis_nn_dims *filter_dims)
{
    return input_dims->c * filter_dims->w * filter_dims->h * (int32_t)sizeof(int16_t);
}

int32_t arm_depthwise_conv_wrapper_s4_get_buffer_size(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                      const cmsis_nn_dims *input_dims,
                                                      const cmsis_nn_dims *filter_dims,
                                                      const cmsis_nn_dims *output_dims)
{
    if (!arm_depthwise_conv_wants_column(dw_conv_params, input_dims, output_dims)) {
        return 0;
    }
    return arm_depthwise_conv_s4_opt_get_buffer_size(input_dims, filter_dims);
}
