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

static inline int32_t mcusim_elements(const cmsis_nn_dims *dims)
{
    return dims->n * dims->h * dims->w * dims->c;
}

/* A walk over the output: a place in it, and the elements of two inputs that meet there. */
typedef struct {
    cmsis_nn_dims steps_1;
    cmsis_nn_dims steps_2;
    cmsis_nn_dims output_dims;
    cmsis_nn_dims place;
    int32_t index_1;
    int32_t index_2;
} mcusim_meeting;

/* Goes on to the next place: by a call for each, as TensorFlow Lite Micro's broadcasting kernels find the elements. */
void mcusim_go_on(mcusim_meeting *meeting);

/*
 * Runs a statement for each element of the output: the one at `index`, made of those at `index_1` and `index_2`. Where
 * neither input is repeated the three are equal.
 */
#define MCUSIM_FOR_EACH(input_1_dims, input_2_dims, dims, statement)                                              \
    const bool is_flat = mcusim_same_dims(input_1_dims, input_2_dims);                                            \
    mcusim_meeting meeting = {                                                                                    \
        .steps_1 = mcusim_steps(input_1_dims), .steps_2 = mcusim_steps(input_2_dims), .output_dims = *(dims)};    \
    const int32_t size = mcusim_elements(dims);                                                                   \
    for (int32_t index = 0; index < size; index++) {                                                              \
        const int32_t index_1 = is_flat ? index : meeting.index_1;                                                \
        const int32_t index_2 = is_flat ? index : meeting.index_2;                                                \
        statement;                                                                                                \
        if (!is_flat) {                                                                                           \
            mcusim_go_on(&meeting);                                                                               \
        }                                                                                                         \
    }

#endif
