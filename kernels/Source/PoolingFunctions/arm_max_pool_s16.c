/* SPDX-License-Identifier: MIT */
/* MAX_POOL_2D of int16. */

#include "arm_nnsupportfunctions.h"

#define MAX_POOL_VALUE int16_t
#define MAX_POOL_FUNCTION arm_max_pool_s16

static inline void fill_with_least(int16_t *output, int32_t channels)
{
    for (int32_t channel = 0; channel < channels; channel++) {
        output[channel] = INT16_MIN;
    }
}

#include "arm_nn_max_pool.h"
