/* SPDX-License-Identifier: MIT */
/* PRELU of int8 elements: those below 0 are multiplied by an alpha, which may be repeated along any axis. */

#include "mcusim_broadcast.h"
#include "mcusim_functions.h"
#include "mcusim_scale.h"

arm_cmsis_nn_status mcusim_prelu_s8(const cmsis_nn_dims *input_1_dims,
                                    const int8_t *input_1_data,
                                    const cmsis_nn_dims *input_2_dims,
                                    const int8_t *input_2_data,
                                    const int32_t input_offset,
                                    const int32_t alpha_offset,
                                    const int32_t identity_mult,
                                    const int32_t identity_shift,
                                    const int32_t alpha_mult,
                                    const int32_t alpha_shift,
                                    int8_t *output_data,
                                    const int32_t out_offset,
                                    const cmsis_nn_dims *output_dims)
{
    MCUSIM_FOR_EACH(
        input_1_dims, input_2_dims, output_dims, {
            const int32_t value = input_1_data[index_1] + input_offset;
            int32_t scaled;
            if (value >= 0) {
                scaled = mcusim_scale(value, identity_mult, identity_shift);
            } else {
                scaled = mcusim_scale(value * (input_2_data[index_2] + alpha_offset), alpha_mult, alpha_shift);
            }
            output_data[index] = (int8_t)mcusim_offset_output(scaled, out_offset, INT8_MIN, INT8_MAX);
        })
    return ARM_CMSIS_NN_SUCCESS;
}
