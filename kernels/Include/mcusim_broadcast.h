/* SPDX-License-Identifier: MIT */
/* Walking an input whose dimensions of 1 are repeated along the output's. */

#ifndef MCUSIM_BROADCAST_H
#define MCUSIM_BROADCAST_H

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

#endif
