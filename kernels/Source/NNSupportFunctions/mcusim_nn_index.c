/* SPDX-License-Identifier: MIT */
/* Where an element of a tensor lies: a call that checks its arguments, as TensorFlow Lite Micro's Offset is. */

#include "arm_nnsupportfunctions.h"

int32_t mcusim_nn_index(const cmsis_nn_dims *dims, int32_t n, int32_t h, int32_t w, int32_t c)
{
    if (n < 0 || n >= dims->n || h < 0 || h >= dims->h || w < 0 || w >= dims->w || c < 0 || c >= dims->c) {
        __builtin_trap();
    }
    return ((n * dims->h + h) * dims->w + w) * dims->c + c;
}
