/* SPDX-License-Identifier: MIT */
/* exp of a fixed-point number <= 0, with the roundings of gemmlowp's fixed-point exponential. */

#include "arm_nnsupportfunctions.h"

/* exp of a Q0.31 number in [-1/4, 0): a fourth-order Taylor polynomial around -1/8. */
static inline int32_t exp_between_negative_quarter_and_0(int32_t value)
{
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t one_third = 715827883;
    const int32_t x = value + (1 << 28);
    const int32_t x2 = arm_nn_doubling_high_mult(x, x);
    const int32_t x3 = arm_nn_doubling_high_mult(x2, x);
    const int32_t x4 = arm_nn_doubling_high_mult(x2, x2);
    const int32_t cubic = arm_nn_doubling_high_mult(arm_nn_divide_by_power_of_two(x4, 2) + x3, one_third);
    const int32_t series = x + arm_nn_divide_by_power_of_two(cubic + x2, 1);
    return exp_minus_eighth + arm_nn_doubling_high_mult(exp_minus_eighth, series);
}

int32_t arm_nn_exp_on_negative_values(int32_t value, int32_t integer_bits)
{
    /* exp(-2^k) as Q0.31 for k = -2 ... 4 */
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    if (value == 0) {
        return INT32_MAX;
    }
    const int32_t quarter = 1 << (29 - integer_bits);
    const int32_t rest = (value & (quarter - 1)) - quarter;
    int32_t result = exp_between_negative_quarter_and_0(arm_nn_shift_left(rest, integer_bits));
    uint32_t bit = (uint32_t)quarter;
    for (int32_t index = 0; index < integer_bits + 2; index++, bit <<= 1) {
        if ((uint32_t)(rest - value) & bit) {
            result = arm_nn_doubling_high_mult(result, factors[index]);
        }
    }
    return result;
}
