/* SPDX-License-Identifier: MIT */
/* Scratch of CONV_2D. */

#include "arm_convolve.h"

/* Two columns of int16, each rounded up to four elements. */
int32_t arm_convolve_s8_get_buffer_size(const cmsis_nn_dims *input_dims, const cmsis_nn_dims *filter_dims)
{
    const int32_t column = (filter_dims->h * filter_dims->w * input_dims->c + 3) & ~3;
    return 2 * column * (int32_t)sizeof(int16_t);
}

int32_t arm_convolve_1x1_s8_fast_get_buffer_size(const cmsis_nn_dims *input_dims)
{
    (void)input_dims;
    return 0;
}

int32_t arm_convolve_1_x_n_s8_get_buffer_size(const cmsis_nn_conv_params *conv_params,
                                              const cmsis_nn_dims *input_dims,
                                              const cmsis_nn_dims *filter_dims,
                                              const cmsis_nn_dims *output_dims)
{
    (void)conv_params;
    (void)output_dims;
    return arm_convolve_s8_get_buffer_size(input_dims, filter_dims);
}

int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params *conv_params,
                                                const cmsis_nn_dims *input_dims,
                                                const cmsis_nn_dims *filter_dims,
                                                const cmsis_nn_dims *output_dims)
{
    (void)output_dims;
    if (arm_convolve_is_1x1(conv_params, input_dims, filter_dims)) {
        return arm_convolve_1x1_s8_fast_get_buffer_size(input_dims);
    }
    return arm_convolve_s8_get_buffer_size(input_dims, filter_dims);
}
