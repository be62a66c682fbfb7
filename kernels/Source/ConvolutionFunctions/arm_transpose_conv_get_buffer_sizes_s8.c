/* SPDX-License-Identifier: MIT */
/* Scratch of TRANSPOSE_CONV. */

#include "arm_transpose_conv.h"

/* The columns of the convolution, or the rows of int32 that arm_transpose_conv_s8 adds to. */
int32_t arm_transpose_conv_s8_get_buffer_size(const cmsis_nn_transpose_conv_params *transpose_conv_params,
                                              const cmsis_nn_dims *input_dims,
                                              const cmsis_nn_dims *filter_dims,
                                              const cmsis_nn_dims *out_dims)
{
    if (arm_transpose_conv_is_reversed(transpose_conv_params, input_dims)) {
        return arm_convolve_s8_get_buffer_size(input_dims, filter_dims);
    }
    /* The stride along h also in the width: CMSIS-NN has it so. */
    const cmsis_nn_tile *const stride = &transpose_conv_params->stride;
    const int32_t width = (input_dims->w - 1) * stride->w + arm_nn_max(filter_dims->w, stride->h);
    return width * out_dims->c * arm_nn_max(filter_dims->h, stride->h) * (int32_t)sizeof(int32_t);
}

/* The reversed filter. */
int32_t arm_transpose_conv_s8_get_reverse_conv_buffer_size(const cmsis_nn_transpose_conv_params *transpose_conv_params,
                                                           const cmsis_nn_dims *input_dims,
                                                           const cmsis_nn_dims *filter_dims)
{
    if (!arm_transpose_conv_is_reversed(transpose_conv_params, input_dims)) {
        return 0;
    }
    return input_dims->c * filter_dims->w * filter_dims->h * filter_dims->n;
}
