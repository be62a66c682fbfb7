/* SPDX-License-Identifier: MIT */
/* What the transposed convolutions share: which way of them a layer goes. */

#ifndef ARM_TRANSPOSE_CONV_H
#define ARM_TRANSPOSE_CONV_H

#include <stdbool.h>

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

/* Whether to convolve with the reversed filter: it takes few steps, and enough channels to make up for the zeros. */
static inline bool arm_transpose_conv_is_reversed(const cmsis_nn_transpose_conv_params *transpose_conv_params,
                                                  const cmsis_nn_dims *input_dims)
{
    return transpose_conv_params->stride.w <= 2 && transpose_conv_params->stride.h <= 2 && input_dims->c > 16;
}

#endif
