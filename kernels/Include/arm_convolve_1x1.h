/* SPDX-License-Identifier: MIT */
/* Convolutions with 1x1 filters, of int8 or int4. */

#ifndef ARM_CONVOLVE_1X1_H
#define ARM_CONVOLVE_1X1_H

#include "arm_convolve.h"

/* Products of pixels and filters: mcusim_nn_mat_mult_nt_t_s8, or _s4 for packed filters. */
typedef void arm_nn_multiply_pixels(const int8_t *pixels,
                                    int32_t pixel_count,
                                    int32_t pixel_step,
                                    int32_t input_offset,
                                    const int8_t *filter,
                                    int32_t filter_count,
                                    int32_t channels,
                                    const int32_t *bias,
                                    const arm_nn_requantization *requantization,
                                    int8_t *output);

/* A 1x1 filter and any stride: every stride.w-th pixel of an input row is a row of a matrix. */
__attribute__((always_inline)) static inline arm_cmsis_nn_status
arm_convolve_1x1(const cmsis_nn_conv_params *conv_params,
                 const cmsis_nn_per_channel_quant_params *quant_params,
                 const cmsis_nn_dims *input_dims,
                 const int8_t *input_data,
                 const cmsis_nn_dims *filter_dims,
                 const int8_t *filter_data,
                 const int32_t *bias_data,
                 const cmsis_nn_dims *output_dims,
                 int8_t *output_data,
                 arm_nn_multiply_pixels *multiply)
{
    if (!arm_convolve_is_1x1(conv_params, input_dims, filter_dims)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_requantization requantization = arm_convolve_requantization(conv_params, quant_params, 0);
    const int32_t input_row = input_dims->w * input_dims->c;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t y = 0; y < output_dims->h; y++) {
            multiply(input_data + y * conv_params->stride.h * input_row,
                     output_dims->w,
                     conv_params->stride.w * input_dims->c,
                     conv_params->input_offset,
                     filter_data,
                     output_dims->c,
                     input_dims->c,
                     bias_data,
                     &requantization,
                     output_data);
            output_data += output_dims->w * output_dims->c;
        }
        input_data += input_dims->h * input_row;
    }
    return ARM_CMSIS_NN_SUCCESS;
}

/* Stride 1: all pixels are the rows of one matrix. */
__attribute__((always_inline)) static inline arm_cmsis_nn_status
arm_convolve_1x1_fast(const cmsis_nn_conv_params *conv_params,
                      const cmsis_nn_per_channel_quant_params *quant_params,
                      const cmsis_nn_dims *input_dims,
                      const int8_t *input_data,
                      const cmsis_nn_dims *filter_dims,
                      const int8_t *filter_data,
                      const int32_t *bias_data,
                      const cmsis_nn_dims *output_dims,
                      int8_t *output_data,
                      arm_nn_multiply_pixels *multiply)
{
    if (!arm_convolve_is_1x1_fast(conv_params, input_dims, filter_dims)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_requantization requantization = arm_convolve_requantization(conv_params, quant_params, 0);
    multiply(input_data,
             input_dims->n * input_dims->h * input_dims->w,
             input_dims->c,
             conv_params->input_offset,
             filter_data,
             output_dims->c,
             input_dims->c,
             bias_data,
             &requantization,
             output_data);
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
