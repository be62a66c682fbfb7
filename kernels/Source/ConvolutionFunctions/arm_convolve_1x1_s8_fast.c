/* SPDX-License-Identifier: MIT */
/* CONV_2D with a 1x1 filter and stride 1: all pixels are the rows of one matrix. */

#include "arm_convolve.h"

arm_cmsis_nn_status arm_convolve_1x1_s8_fast(const cmsis_nn_context *ctx,
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
    if (!arm_convolve_is_1x1_fast(conv_params, input_dims, filter_dims)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_requantization requantization = arm_convolve_requantization(conv_params, quant_params, 0);
    mcusim_nn_mat_mult_nt_t_s8(input_data,
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
