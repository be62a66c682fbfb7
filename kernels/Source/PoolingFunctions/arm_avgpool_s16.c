/* SPDX-License-Identifier: MIT */
/* AVERAGE_POOL_2D of int16 channel by channel, without scratch. */

#define AVGPOOL_VALUE int16_t
#define AVGPOOL_FUNCTION arm_avgpool_s16

#include "arm_nn_avgpool.h"
