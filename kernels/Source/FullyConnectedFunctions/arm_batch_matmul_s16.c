/* SPDX-License-Identifier: MIT */
/* BATCH_MATMUL of int16 with 64-bit sums. */

#include "arm_nn_batch.h"
#include "arm_nn_dot_s16_s16.h"
#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_batch_matmul_s16(const cmsis_nn_context *ctx,
                                         const cmsis_nn_bmm_params *bmm_params,
                                         const cmsis_nn_per_tensor_quant_params *quant_params,
                                         const cmsis_nn_dims *input_lhs_dims,
                                         const int16_t *input_lhs,
                                         const cmsis_nn_dims *input_rhs_dims,
                                         const int16_t *input_rhs,
                                         const cmsis_nn_dims *output_dims,
                                         int16_t *output)
{
    (void)ctx;
    const int32_t depth = input_rhs_dims->c;
    const int32_t multiplier = arm_nn_reduce_multiplier(quant_params->multiplier);
    const cmsis_nn_activation activation = bmm_params->fc_params.activation;
    for (int32_t n = 0; n < output_dims->n; n++) {
        for (int32_t h = 0; h < output_dims->h; h++) {
            const int16_t *lhs = input_lhs + arm_nn_matrix_at(input_lhs_dims, n, h);
            const int16_t *const rhs = input_rhs + arm_nn_matrix_at(input_rhs_dims, n, h);
            for (int32_t row = 0; row < input_lhs_dims->w; row++, lhs += depth) {
                for (int32_t column = 0; column < input_rhs_dims->w; column++) {
                    const int64_t sum = arm_nn_dot_s16_s16(lhs, rhs + column * depth, depth);
                    const int32_t scaled = arm_nn_requantize_s64(sum, multiplier, quant_params->shift);
                    *output++ = (int16_t)arm_nn_clamp(scaled, activation.min, activation.max);
                }
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
