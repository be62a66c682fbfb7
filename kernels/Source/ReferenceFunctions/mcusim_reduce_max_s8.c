/* SPDX-License-Identifier: MIT */
/* REDUCE_MAX and REDUCE_MIN of int8 over any of four axes. */

#include "arm_nnsupportfunctions.h"
#include "mcusim_functions.h"
#include "mcusim_reduce.h"

/* `inverted` is -1 for the least element: ~x is the greater, the less x is. */
static inline void reduce_max(
    const int8_t *input, const cmsis_nn_dims *input_dims, const cmsis_nn_dims *reduce, int8_t inverted, int8_t *output)
{
    const mcusim_reduction reduction = mcusim_reduce(input_dims, reduce);
    const cmsis_nn_dims steps = reduction.steps;
    memset(output, INT8_MIN ^ inverted, (size_t)reduction.outputs);
    for (int32_t n = 0; n < input_dims->n; n++) {
        for (int32_t h = 0; h < input_dims->h; h++) {
            for (int32_t w = 0; w < input_dims->w; w++) {
                int8_t *place = output + n * steps.n + h * steps.h + w * steps.w;
                for (int32_t c = 0; c < input_dims->c; c++, place += steps.c, input++) {
                    if ((*input ^ inverted) > (*place ^ inverted)) {
                        *place = *input;
                    }
                }
            }
        }
    }
}

void mcusim_reduce_max_s8(const int8_t *input,
                          const cmsis_nn_dims *input_dims,
                          const cmsis_nn_dims *reduce,
                          int8_t *output)
{
    reduce_max(input, input_dims, reduce, 0, output);
}

void mcusim_reduce_min_s8(const int8_t *input,
                          const cmsis_nn_dims *input_dims,
                          const cmsis_nn_dims *reduce,
                          int8_t *output)
{
    reduce_max(input, input_dims, reduce, -1, output);
}
