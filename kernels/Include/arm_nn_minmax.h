/* SPDX-License-Identifier: MIT */
/* The larger or smaller of the elements of two int8 tensors, either of which may be repeated along any axis. */

#ifndef ARM_NN_MINMAX_H
#define ARM_NN_MINMAX_H

#include "arm_nnsupportfunctions.h"
#include "mcusim_broadcast.h"

static inline int8_t arm_nn_pick(int32_t one, int32_t other, bool greatest)
{
    return (int8_t)(greatest ? arm_nn_max(one, other) : arm_nn_min(one, other));
}

static inline void arm_nn_minmax_s8(const int8_t *input_1_data,
                                    const cmsis_nn_dims *input_1_dims,
                                    const int8_t *input_2_data,
                                    const cmsis_nn_dims *input_2_dims,
                                    int8_t *output_data,
                                    const cmsis_nn_dims *output_dims,
                                    bool greatest)
{
    if (mcusim_same_dims(input_1_dims, input_2_dims)) {
        const int32_t size = mcusim_elements(output_dims);
        for (int32_t index = 0; index < size; index++) {
            output_data[index] = arm_nn_pick(input_1_data[index], input_2_data[index], greatest);
        }
        return;
    }
    const cmsis_nn_dims steps_1 = mcusim_steps(input_1_dims);
    const cmsis_nn_dims steps_2 = mcusim_steps(input_2_dims);
    for (int32_t n = 0; n < output_dims->n; n++) {
        for (int32_t h = 0; h < output_dims->h; h++) {
            for (int32_t w = 0; w < output_dims->w; w++) {
                const int8_t *input_1 = input_1_data + mcusim_pixel(&steps_1, n, h, w);
                const int8_t *input_2 = input_2_data + mcusim_pixel(&steps_2, n, h, w);
                for (int32_t c = 0; c < output_dims->c; c++, input_1 += steps_1.c, input_2 += steps_2.c) {
                    *output_data++ = arm_nn_pick(*input_1, *input_2, greatest);
                }
            }
        }
    }
}

#endif
