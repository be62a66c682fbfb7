/* SPDX-License-Identifier: MIT */
/* AVERAGE_POOL_2D of int8 pixel by pixel: the sums of all channels are kept in the scratch buffer. */

#define AVGPOOL_VALUE int8_t
#define AVGPOOL_FUNCTION arm_avgpool_s8
#define AVGPOOL_SUMS

#include "arm_nn_avgpool.h"
