/* SPDX-License-Identifier: MIT */
/* Where the elements of a tensor go that is reduced over some of its axes: the outputs keep the order of the others. */

#ifndef MCUSIM_REDUCE_H
#define MCUSIM_REDUCE_H

#include "arm_nn_types.h"

/* Outputs between neighbours of each axis, 0 along a reduced one, and their number. */
typedef struct {
    cmsis_nn_dims steps;
    int32_t outputs;
} mcusim_reduction;

static inline mcusim_reduction mcusim_reduce(const cmsis_nn_dims *input_dims, const cmsis_nn_dims *reduce)
{
    const int32_t size_c = reduce->c ? 1 : input_dims->c;
    const int32_t size_w = reduce->w ? size_c : size_c * input_dims->w;
    const int32_t size_h = reduce->h ? size_w : size_w * input_dims->h;
    const mcusim_reduction reduction = {.steps = {.n = reduce->n ? 0 : size_h,
                                                  .h = reduce->h ? 0 : size_w,
                                                  .w = reduce->w ? 0 : size_c,
                                                  .c = reduce->c ? 0 : 1},
                                        .outputs = reduce->n ? size_h : size_h * input_dims->n};
    return reduction;
}

#endif
