/* SPDX-License-Identifier: MIT */
/* The part of a filter or pooling window that lies inside the input. */

#ifndef ARM_NN_WINDOW_H
#define ARM_NN_WINDOW_H

#include "arm_nnsupportfunctions.h"

/* Half-open range of window positions; empty where last <= first. */
typedef struct {
    int32_t first;
    int32_t last;
} arm_nn_range;

/* Positions k in [0, kernel) of an undilated window starting at `start` with 0 <= start + k < size. */
static inline arm_nn_range arm_nn_inside(int32_t start, int32_t kernel, int32_t size)
{
    const arm_nn_range range = {arm_nn_max(0, -start), arm_nn_min(kernel, size - start)};
    return range;
}

/* The same where window positions are `dilation` input positions apart. */
static inline arm_nn_range arm_nn_inside_dilated(int32_t start, int32_t kernel, int32_t size, int32_t dilation)
{
    const int32_t first = start < 0 ? (-start + dilation - 1) / dilation : 0;
    const int32_t last = size > start ? (size - start + dilation - 1) / dilation : 0;
    const arm_nn_range range = {first, arm_nn_min(kernel, last)};
    return range;
}

/* Where the window of an output pixel starts in the input (may be outside), and its positions inside. */
typedef struct {
    int32_t top;
    int32_t left;
    arm_nn_range rows;
    arm_nn_range columns;
} arm_nn_pool_window;

/* `pixel` counts the output's pixels row by row. */
static inline arm_nn_pool_window arm_nn_pool_at(int32_t pixel,
                                                const cmsis_nn_pool_params *pool_params,
                                                const cmsis_nn_dims *input_dims,
                                                const cmsis_nn_dims *filter_dims,
                                                const cmsis_nn_dims *output_dims)
{
    arm_nn_pool_window window;
    window.top = pixel / output_dims->w * pool_params->stride.h - pool_params->padding.h;
    window.left = pixel % output_dims->w * pool_params->stride.w - pool_params->padding.w;
    window.rows = arm_nn_inside(window.top, filter_dims->h, input_dims->h);
    window.columns = arm_nn_inside(window.left, filter_dims->w, input_dims->w);
    return window;
}

/* Number of window positions inside the input; 0 if there is none. */
static inline int32_t arm_nn_pool_count(const arm_nn_pool_window *window)
{
    const int32_t rows = arm_nn_max(window->rows.last - window->rows.first, 0);
    const int32_t columns = arm_nn_max(window->columns.last - window->columns.first, 0);
    return rows * columns;
}

#endif
