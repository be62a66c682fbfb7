/* SPDX-License-Identifier: MIT */
/* AVERAGE_POOL_2D of int8 channel by channel, without scratch. */

#define AVGPOOL_VALUE int8_t
#define AVGPOOL_FUNCTION arm_avgpool_s8

#include "arm_nn_avgpool.h"
