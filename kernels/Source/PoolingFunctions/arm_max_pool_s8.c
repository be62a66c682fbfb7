/* SPDX-License-Identifier: MIT */
/* MAX_POOL_2D of int8. */

#include "arm_nnsupportfunctions.h"

#define MAX_POOL_VALUE int8_t
#define MAX_POOL_FUNCTION arm_max_pool_s8

static inline void fill_with_least(int8_t *output, int32_t channels)
{
    memset(output, INT8_MIN, (size_t)channels);
}

#include "arm_nn_max_pool.h"
