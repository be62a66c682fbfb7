/* SPDX-License-Identifier: MIT */
/* RSQRT of int8 elements; negative ones are an error. */

#include "mcusim_functions.h"
#include "mcusim_roots.h"
#include "mcusim_scale.h"

#define FRACTIONAL_BITS 20 /* of the root before its last rescaling */

arm_cmsis_nn_status mcusim_rsqrt_s8(const int8_t *input,
                                    int32_t input_offset,
                                    int32_t output_offset,
                                    int32_t multiplier,
                                    int32_t shift,
                                    int32_t activation_min,
                                    int32_t activation_max,
                                    int32_t size,
                                    int8_t *output)
{
    for (int32_t index = 0; index < size; index++) {
        const int32_t value = input[index] + input_offset;
        if (value < 0) {
            return ARM_CMSIS_NN_ARG_ERROR;
        }
        int32_t result = activation_max;
        if (value > 0) {
            const mcusim_inverse_root root = mcusim_inverse_square_root(value);
            const int32_t inverse = mcusim_scale(1, root.multiplier, root.shift + FRACTIONAL_BITS);
            const int32_t scaled = mcusim_scale(inverse, multiplier, shift - FRACTIONAL_BITS);
            result = mcusim_offset_output(scaled, output_offset, activation_min, activation_max);
        }
        output[index] = (int8_t)result;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
