/* SPDX-License-Identifier: MIT */
/* Walking an input whose dimensions of 1 are repeated along the output's. */

#ifndef MCUSIM_BROADCAST_H
#define MCUSIM_BROADCAST_H

#include <stdbool.h>

#include "arm_nn_types.h"

/* Steps between neighbouring elements of an axis: 0 along an axis of 1. */
static inline cmsis_nn_dims mcusim_steps(const cmsis_nn_dims *dims)
{
    const cmsis_nn_dims steps = {.n = dims->n == 1 ? 0 : dims->h * dims->w * dims->c,
                                 .h = dims->h == 1 ? 0 : dims->w * dims->c,
                                 .w = dims->w == 1 ? 0 : dims->c,
                                 .c = dims->c == 1 ? 0 : 1};
    return steps;
}

/* Offset of the first element of the pixel at (n, h, w). */
static inline int32_t mcusim_pixel(const cmsis_nn_dims *steps, int32_t n, int32_t h, int32_t w)
{
    return n * steps->n + h * steps->h + w * steps->w;
}

static inline bool mcusim_same_dims(const cmsis_nn_dims *one, const cmsis_nn_dims *other)
{
    return one->n == other->n && one->h == other->h && one->w == other->w && one->c == other->c;
}

/*
 * Runs a statement for each element of the output: the one at `index`, made of those at `index_1` and `index_2`. Where
 * neither operand is repeated the three are equal, and the loop is flat.
 */
#define MCUSIM_FOR_EACH(input_1_dims, input_2_dims, output_dims, statement)                                       \
    if (mcusim_same_dims(input_1_dims, input_2_dims)) {                                                           \
        const int32_t size = (output_dims)->n * (output_dims)->h * (output_dims)->w * (output_dims)->c;           \
        for (int32_t index = 0; index < size; index++) {                                                          \
            const int32_t index_1 = index;                                                                        \
            const int32_t index_2 = index;                                                                        \
            statement;                                                                                            \
        }                                                                                                         \
    } else {                                                                                                      \
        const cmsis_nn_dims steps_1 = mcusim_steps(input_1_dims);                                                 \
        const cmsis_nn_dims steps_2 = mcusim_steps(input_2_dims);                                                 \
        int32_t index = 0;                                                                                        \
        for (int32_t n = 0; n < (output_dims)->n; n++) {                                                          \
            for (int32_t h = 0; h < (output_dims)->h; h++) {                                                      \
                for (int32_t w = 0; w < (output_dims)->w; w++) {                                                  \
                    for (int32_t c = 0; c < (output_dims)->c; c++) {                                              \
                        const int32_t index_1 = mcusim_pixel(&steps_1, n, h, w) + c * steps_1.c;                  \
                        const int32_t index_2 = mcusim_pixel(&steps_2, n, h, w) + c * steps_2.c;                  \
                        statement;                                                                                \
                        index++;                                                                                  \
                    }                                                                                             \
                }                                                                                                 \
            }                                                                                                     \
        }                                                                                                         \
    }

#endif
