/* SPDX-License-Identifier: MIT */
/* DIV of two int8 tensors, either of which may be repeated along any axis. */

#include "mcusim_broadcast.h"
#include "mcusim_functions.h"
#include "mcusim_scale.h"

/* Redundant sign bits: how far a number can be shifted to the left. */
static inline int32_t headroom(int32_t value)
{
    return value == 0 ? 31 : __builtin_clz((uint32_t)(value < 0 ? ~value : value) << 1 | 1);
}

/* dividend / divisor * multiplier * 2^(shift - 31); where it is shifted right by more than 31, 0. divisor > 0 */
static inline int32_t divide(int32_t dividend, int32_t divisor, int32_t multiplier, int32_t shift)
{
    const int32_t zeros = __builtin_clz((uint32_t)divisor);
    const int32_t fraction = (int32_t)(((uint32_t)divisor << zeros) - 0x80000000U);
    const int32_t left = headroom(dividend);
    const int32_t right = left + 31 - zeros - shift;
    if (dividend == 0 || right > 31) {
        return 0;
    }
    const int32_t quotient = mcusim_scale(dividend, arm_nn_one_over_one_plus_x(fraction), left);
    return mcusim_scale_down(quotient, multiplier, -right);
}

arm_cmsis_nn_status mcusim_div_s8(const cmsis_nn_dims *input_1_dims,
                                  const int8_t *input_1_data,
                                  const cmsis_nn_dims *input_2_dims,
                                  const int8_t *input_2_data,
                                  const int32_t input_1_offset,
                                  const int32_t input_2_offset,
                                  int8_t *output_data,
                                  const int32_t out_offset,
                                  const int32_t out_mult,
                                  const int32_t out_shift,
                                  const int32_t out_activation_min,
                                  const int32_t out_activation_max,
                                  const cmsis_nn_dims *output_dims)
{
    MCUSIM_FOR_EACH(
        input_1_dims, input_2_dims, output_dims, {
            const int32_t dividend = input_1_data[index_1] + input_1_offset;
            const int32_t divisor = input_2_data[index_2] + input_2_offset;
            int32_t result = dividend >= 0 ? out_activation_max : out_activation_min;
            if (divisor != 0) {
                const int32_t quotient = divisor < 0 ? divide(-dividend, -divisor, out_mult, out_shift)
                                                     : divide(dividend, divisor, out_mult, out_shift);
                result = mcusim_offset_output(quotient, out_offset, out_activation_min, out_activation_max);
            }
            output_data[index] = (int8_t)result;
        })
    return ARM_CMSIS_NN_SUCCESS;
}
