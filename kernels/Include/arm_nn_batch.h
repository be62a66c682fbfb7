/* SPDX-License-Identifier: MIT */
/* Batches of matrices whose dimensions of 1 are repeated. */

#ifndef ARM_NN_BATCH_H
#define ARM_NN_BATCH_H

#include "arm_nnsupportfunctions.h"

/* Where the matrix of batches n and h begins in [n, h, w, c], in elements. */
static inline int32_t arm_nn_matrix_at(const cmsis_nn_dims *dims, int32_t n, int32_t h)
{
    const int32_t matrix = (dims->n > 1 ? n : 0) * dims->h + (dims->h > 1 ? h : 0);
    return matrix * dims->w * dims->c;
}

#endif
