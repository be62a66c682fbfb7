/* SPDX-License-Identifier: MIT */
/* What both kinds of SVDF share: units are sums of `rank` filters. */

#ifndef ARM_NN_SVDF_H
#define ARM_NN_SVDF_H

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

/* Sums of `rank` neighbouring filters and the bias of the unit, requantized. */
static inline void arm_nn_svdf_units(const int32_t *filters,
                                     const cmsis_nn_svdf_params *svdf_params,
                                     const cmsis_nn_per_tensor_quant_params *quant_params,
                                     const int32_t *bias,
                                     const cmsis_nn_dims *output_dims,
                                     int8_t *output)
{
    const arm_nn_requantization requantization = {.multiplier = &quant_params->multiplier,
                                                  .shift = &quant_params->shift,
                                                  .output_offset = svdf_params->output_offset,
                                                  .activation_min = svdf_params->output_activation.min,
                                                  .activation_max = svdf_params->output_activation.max};
    for (int32_t batch = 0; batch < output_dims->n; batch++) {
        for (int32_t unit = 0; unit < output_dims->h; unit++) {
            int32_t sum = bias ? bias[unit] : 0;
            for (int32_t i = svdf_params->rank; i > 0; i--) {
                sum += *filters++;
            }
            *output++ = arm_nn_output(sum, &requantization, 0);
        }
    }
}

#endif
