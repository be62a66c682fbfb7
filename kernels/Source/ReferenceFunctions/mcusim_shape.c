/* SPDX-License-Identifier: MIT */
/* SHAPE: the dimensions of a tensor. */

#include "mcusim_functions.h"

void mcusim_shape(const int32_t *dims, int32_t count, int32_t *output)
{
    for (int32_t axis = 0; axis < count; axis++) {
        output[axis] = dims[axis];
    }
}
