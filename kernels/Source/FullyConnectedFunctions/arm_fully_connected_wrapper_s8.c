/* SPDX-License-Identifier: MIT */
/* FULLY_CONNECTED with one multiplier and shift, or with one an output channel. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

arm_cmsis_nn_status arm_fully_connected_wrapper_s8(const cmsis_nn_context *ctx,
                                                   const cmsis_nn_fc_params *fc_params,
                                                   const cmsis_nn_quant_params *quant_params,
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
    const arm_nn_requantization requantization = {.multiplier = quant_params->multiplier,
                                                  .shift = quant_params->shift,
                                                  .output_offset = fc_params->output_offset,
                                                  .activation_min = fc_params->activation.min,
                                                  .activation_max = fc_params->activation.max};
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        mcusim_nn_vec_mat_mult_t_s8(input_data,
                                 fc_params->input_offset,
                                 filter_data,
                                 output_dims->c,
                                 fc_params->filter_offset,
                                 filter_dims->n,
                                 bias_data,
                                 &requantization,
                                 quant_params->is_per_channel != 0,
                                 output_data);
        input_data += filter_dims->n;
        output_data += output_dims->c;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
