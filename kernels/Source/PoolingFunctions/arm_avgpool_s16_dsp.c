/* SPDX-License-Identifier: MIT */
/* AVERAGE_POOL_2D of int16 pixel by pixel: the sums of all channels are kept in the scratch buffer. */

#define AVGPOOL_VALUE int16_t
#define AVGPOOL_FUNCTION arm_avgpool_s16
#define AVGPOOL_SUMS

#include "arm_nn_avgpool.h"
