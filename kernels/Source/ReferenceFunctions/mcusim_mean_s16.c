/* SPDX-License-Identifier: MIT */
/* MEAN of int16 elements over any of four axes. */

#define MEAN_VALUE int16_t
#define MEAN_LEAST INT16_MIN
#define MEAN_GREATEST INT16_MAX
#define MEAN_FUNCTION mcusim_mean_s16

#include "mcusim_mean.h"
