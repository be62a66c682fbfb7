/* SPDX-License-Identifier: MIT */
/*
 * MEAN over any of four axes. The including file defines MEAN_VALUE, the type of the elements, MEAN_LEAST and
 * MEAN_GREATEST, its limits, and MEAN_FUNCTION, the name of the function.
 */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"
#include "mcusim_reduce.h"

/* Adds the input up into one int32 an output element. */
static inline void
add_up(const MEAN_VALUE *input, const cmsis_nn_dims *input_dims, const mcusim_reduction *reduction, int32_t *sums)
{
    const cmsis_nn_dims steps = reduction->steps;
    memset(sums, 0, (size_t)reduction->outputs * sizeof(int32_t));
    for (int32_t n = 0; n < input_dims->n; n++) {
        for (int32_t h = 0; h < input_dims->h; h++) {
            for (int32_t w = 0; w < input_dims->w; w++) {
                int32_t *sum = sums + n * steps.n + h * steps.h + w * steps.w;
                for (int32_t c = 0; c < input_dims->c; c++, sum += steps.c) {
                    *sum = (int32_t)((uint32_t)*sum + (uint32_t)*input++);
                }
            }
        }
    }
}

void MEAN_FUNCTION(const MEAN_VALUE *input,
                   const cmsis_nn_dims *input_dims,
                   const cmsis_nn_dims *reduce,
                   int32_t *sums,
                   int32_t input_zero_point,
                   int32_t multiplier,
                   int32_t shift,
                   int32_t output_zero_point,
                   MEAN_VALUE *output)
{
    const int32_t count = (reduce->n ? input_dims->n : 1) * (reduce->h ? input_dims->h : 1) *
                          (reduce->w ? input_dims->w : 1) * (reduce->c ? input_dims->c : 1);
    const mcusim_reduction reduction = mcusim_reduce(input_dims, reduce);
    add_up(input, input_dims, &reduction, sums);
    for (int32_t index = 0; index < reduction.outputs; index++) {
        const int32_t value = arm_nn_requantize(sums[index] - input_zero_point * count, multiplier, shift);
        output[index] = (MEAN_VALUE)arm_nn_clamp(arm_nn_wrapping_add(value, output_zero_point), MEAN_LEAST, MEAN_GREATEST);
    }
}
