/* SPDX-License-Identifier: MIT */
/* MUL of two int16 tensors, either of which may be repeated along any axis. */

#include "arm_nn_elementwise.h"
#include "mcusim_broadcast.h"
#include "mcusim_functions.h"

arm_cmsis_nn_status mcusim_broadcast_mul_s16(const cmsis_nn_dims *input_1_dims,
                                             const int16_t *input_1_data,
                                             const cmsis_nn_dims *input_2_dims,
                                             const int16_t *input_2_data,
                                             const int32_t input_1_offset,
                                             const int32_t input_2_offset,
                                             int16_t *output_data,
                                             const int32_t out_offset,
                                             const int32_t out_mult,
                                             const int32_t out_shift,
                                             const int32_t out_activation_min,
                                             const int32_t out_activation_max,
                                             const cmsis_nn_dims *output_dims)
{
    const arm_nn_result result = {out_mult, out_shift, out_offset, out_activation_min, out_activation_max};
    const cmsis_nn_dims steps_1 = mcusim_steps(input_1_dims);
    const cmsis_nn_dims steps_2 = mcusim_steps(input_2_dims);
    for (int32_t n = 0; n < output_dims->n; n++) {
        for (int32_t h = 0; h < output_dims->h; h++) {
            for (int32_t w = 0; w < output_dims->w; w++) {
                const int16_t *input_1 = input_1_data + mcusim_pixel(&steps_1, n, h, w);
                const int16_t *input_2 = input_2_data + mcusim_pixel(&steps_2, n, h, w);
                for (int32_t c = 0; c < output_dims->c; c++, input_1 += steps_1.c, input_2 += steps_2.c) {
                    *output_data++ = (int16_t)arm_nn_mul(*input_1, *input_2, input_1_offset, input_2_offset, &result);
                }
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
