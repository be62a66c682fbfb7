/* SPDX-License-Identifier: MIT */
/* MEAN of int8 elements over any of four axes. */

#define MEAN_VALUE int8_t
#define MEAN_LEAST INT8_MIN
#define MEAN_GREATEST INT8_MAX
#define MEAN_FUNCTION mcusim_mean_s8

#include "mcusim_mean.h"
