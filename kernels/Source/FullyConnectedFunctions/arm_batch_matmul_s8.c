/* SPDX-License-Identifier: MIT */
/* BATCH_MATMUL of int8: each matrix product is a fully connected layer whose weights have an offset. */

#include "arm_nn_batch.h"
#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_batch_matmul_s8(const cmsis_nn_context *ctx,
                                        const cmsis_nn_bmm_params *bmm_params,
                                        const cmsis_nn_per_tensor_quant_params *quant_params,
                                        const cmsis_nn_dims *input_lhs_dims,
                                        const int8_t *input_lhs,
                                        const cmsis_nn_dims *input_rhs_dims,
                                        const int8_t *input_rhs,
                                        const cmsis_nn_dims *output_dims,
                                        int8_t *output)
{
    const cmsis_nn_dims rows = {.n = input_lhs_dims->w, .h = 1, .w = 1, .c = input_lhs_dims->c};
    const cmsis_nn_dims depth = {.n = input_rhs_dims->c, .h = 1, .w = 1, .c = input_rhs_dims->w};
    const cmsis_nn_dims columns = {.n = input_lhs_dims->w, .h = 1, .w = 1, .c = input_rhs_dims->w};
    for (int32_t n = 0; n < output_dims->n; n++) {
        for (int32_t h = 0; h < output_dims->h; h++) {
            const int8_t *const lhs = input_lhs + arm_nn_matrix_at(input_lhs_dims, n, h);
            const int8_t *const rhs = input_rhs + arm_nn_matrix_at(input_rhs_dims, n, h);
            const arm_cmsis_nn_status status = arm_fully_connected_s8(
                ctx, &bmm_params->fc_params, quant_params, &rows, lhs, &depth, rhs, NULL, NULL, &columns, output);
            if (status != ARM_CMSIS_NN_SUCCESS) {
                return status;
            }
            output += rows.n * columns.c;
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
