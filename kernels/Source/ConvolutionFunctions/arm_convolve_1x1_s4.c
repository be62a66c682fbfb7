/* SPDX-License-Identifier: MIT */
/* CONV_2D with a 1x1 filter of int4 and any stride: every stride.w-th pixel of an input row is a row of a matrix. */

#include "arm_convolve.h"

arm_cmsis_nn_status arm_convolve_1x1_s4(const cmsis_nn_context *ctx,
                                        const cmsis_nn_conv_params *conv_params,
                                        const cmsis_nn_per_channel_quant_params *quant_params,
                                        const cmsis_nn_dims *input_dims,
                                        const int8_t *input_data,
                                        const cmsis_nn_dims *filter_dims,
                                        const int8_t *filter_data,
                                        const cmsis_nn_dims *bias_dims,
                                        const int32_t *bias_data,
                                        const cmsis_nn_dims *output_dims,
                                        int8_t *output_data)
{
    (void)ctx;
    (void)bias_dims;
    if (!arm_convolve_is_1x1(conv_params, input_dims, filter_dims)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_requantization requantization = arm_convolve_requantization(conv_params, quant_params, 0);
    const int32_t input_row = input_dims->w * input_dims->c;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t y = 0; y < output_dims->h; y++) {
            mcusim_nn_mat_mult_nt_t_s4(input_data + y * conv_params->stride.h * input_row,
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
