/* SPDX-License-Identifier: MIT */
/* MEAN of int8 elements over any of four axes. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"

/* Adds the input up into one int32 an output element; the outputs keep the order of the axes that stay. */
static void add_up(const int8_t *input, const cmsis_nn_dims *input_dims, const cmsis_nn_dims *reduce, int32_t *sums)
{
    const int32_t step_c = reduce->c ? 0 : 1;
    const int32_t size_c = reduce->c ? 1 : input_dims->c;
    const int32_t step_w = reduce->w ? 0 : size_c;
    const int32_t size_w = reduce->w ? size_c : size_c * input_dims->w;
    const int32_t step_h = reduce->h ? 0 : size_w;
    const int32_t size_h = reduce->h ? size_w : size_w * input_dims->h;
    const int32_t step_n = reduce->n ? 0 : size_h;
    const int32_t outputs = reduce->n ? size_h : size_h * input_dims->n;

    memset(sums, 0, (size_t)outputs * sizeof(int32_t));
    for (int32_t n = 0; n < input_dims->n; n++) {
        for (int32_t h = 0; h < input_dims->h; h++) {
            for (int32_t w = 0; w < input_dims->w; w++) {
                int32_t *sum = sums + n * step_n + h * step_h + w * step_w;
                for (int32_t c = 0; c < input_dims->c; c++, sum += step_c) {
                    *sum += *input++;
                }
            }
        }
    }
}

void mcusim_mean_s8(const int8_t *input,
                    const cmsis_nn_dims *input_dims,
                    const cmsis_nn_dims *reduce,
                    int32_t *sums,
                    int32_t input_zero_point,
                    int32_t multiplier,
                    int32_t shift,
                    int32_t output_zero_point,
                    int8_t *output)
{
    const int32_t count = (reduce->n ? input_dims->n : 1) * (reduce->h ? input_dims->h : 1) *
                          (reduce->w ? input_dims->w : 1) * (reduce->c ? input_dims->c : 1);
    const int32_t outputs = input_dims->n * input_dims->h * input_dims->w * input_dims->c / count;
    add_up(input, input_dims, reduce, sums);
    for (int32_t index = 0; index < outputs; index++) {
        const int32_t value = arm_nn_requantize(sums[index] - input_zero_point * count, multiplier, shift);
        output[index] = (int8_t)arm_nn_clamp(arm_nn_wrapping_add(value, output_zero_point), INT8_MIN, INT8_MAX);
    }
}
