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

/* Where two inputs meet: a place in the output, and the elements of the inputs there. */
typedef struct {
    cmsis_nn_dims steps_1;
    cmsis_nn_dims steps_2;
    cmsis_nn_dims place;
    int32_t index_1;
    int32_t index_2;
} mcusim_meeting;

/* Finds the elements from the place, anew for each as TensorFlow Lite Micro's broadcasting kernels do. */
void mcusim_meet(mcusim_meeting *meeting);

/*
 * Runs a statement for each element of the output: the one at `index`, made of those at `index_1` and `index_2`. Where
 * neither input is repeated the three are equal, and the loop is flat.
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
        mcusim_meeting meeting = {.steps_1 = mcusim_steps(input_1_dims), .steps_2 = mcusim_steps(input_2_dims)};  \
        cmsis_nn_dims *const place = &meeting.place;                                                              \
        int32_t index = 0;                                                                                        \
        for (place->n = 0; place->n < (output_dims)->n; place->n++) {                                             \
            for (place->h = 0; place->h < (output_dims)->h; place->h++) {                                         \
                for (place->w = 0; place->w < (output_dims)->w; place->w++) {                                     \
                    for (place->c = 0; place->c < (output_dims)->c; place->c++, index++) {                        \
                        mcusim_meet(&meeting);                                                                    \
                        const int32_t index_1 = meeting.index_1;                                                  \
                        const int32_t index_2 = meeting.index_2;                                                  \
                        statement;                                                                                \
                    }                                                                                             \
                }                                                                                                 \
            }                                                                                                     \
        }                                                                                                         \
    }

#endif
