/* Fixed-point functions of the kernels over arrays of arguments: what a test compares with their Python twins. */

#include "arm_nn_elementwise.h"
#include "arm_nn_sigmoid.h"
#include "mcusim_roots.h"
#include "mcusim_scale.h"

/* A function over[arrays of arguments, count, output], for an expression of the argument arrays at i. */
#define OVER_1(name, expression)                                                                                  \
    void name(const int32_t *a, int32_t count, int32_t *output)                                                   \
    {                                                                                                             \
        for (int32_t i = 0; i < count; i++) {                                                                     \
            output[i] = expression;                                                                               \
        }                                                                                                         \
    }

#define OVER_2(name, expression)                                                                                  \
    void name(const int32_t *a, const int32_t *b, int32_t count, int32_t *output)                                 \
    {                                                                                                             \
        for (int32_t i = 0; i < count; i++) {                                                                     \
            output[i] = expression;                                                                               \
        }                                                                                                         \
    }

#define OVER_3(name, type, expression)                                                                            \
    void name(const type *a, const int32_t *b, const int32_t *c, int32_t count, int32_t *output)                  \
    {                                                                                                             \
        for (int32_t i = 0; i < count; i++) {                                                                     \
            output[i] = expression;                                                                               \
        }                                                                                                         \
    }

OVER_2(over_doubling_high_mult, arm_nn_doubling_high_mult(a[i], b[i]))
OVER_2(over_saturating_doubling_high_mult, mcusim_saturating_doubling_high_mult(a[i], b[i]))
OVER_2(over_divide_by_power_of_two, arm_nn_divide_by_power_of_two(a[i], b[i]))
OVER_2(over_divide_with_lost_bits, mcusim_divide_by_power_of_two(a[i], b[i], mcusim_lost_bits(b[i])))
OVER_3(over_requantize, int32_t, arm_nn_requantize(a[i], b[i], c[i]))
OVER_3(over_requantize_by_remainder, int32_t, arm_nn_requantize_by_remainder(a[i], b[i], c[i]))
OVER_3(over_scale, int32_t, mcusim_scale(a[i], b[i], c[i]))
OVER_3(over_scale_down, int32_t, mcusim_scale_down(a[i], b[i], c[i]))
OVER_3(over_requantize_s64, int64_t, arm_nn_requantize_s64(a[i], arm_nn_reduce_multiplier(b[i]), c[i]))
OVER_2(over_exp_on_negative_values, arm_nn_exp_on_negative_values(a[i], b[i]))
OVER_1(over_one_over_one_plus_x, arm_nn_one_over_one_plus_x(a[i]))
OVER_1(over_one_minus_x_over_one_plus_x, arm_nn_one_minus_x_over_one_plus_x(a[i]))
OVER_1(over_inverse_square_root_multiplier, mcusim_inverse_square_root(a[i]).multiplier)
OVER_1(over_inverse_square_root_shift, mcusim_inverse_square_root(a[i]).shift)
OVER_1(over_sigmoid_s16, arm_nn_sigmoid_s16(a[i]))
OVER_1(over_tanh_s16, arm_nn_tanh_s16(a[i]))
