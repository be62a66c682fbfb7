/* SPDX-License-Identifier: MIT */
/* One multiplier and shift for each channel. */

#include "mcusim_functions.h"

void mcusim_repeat_scale(int32_t multiplier, int32_t shift, int32_t channels, int32_t *multipliers, int32_t *shifts)
{
    for (int32_t channel = 0; channel < channels; channel++) {
        multipliers[channel] = multiplier;
        shifts[channel] = shift;
    }
}
