/* SPDX-License-Identifier: MIT */
/* ARG_MAX and ARG_MIN of int8 along one axis: the first of equals. */

#include "mcusim_functions.h"

/* `inverted` is -1 for the least element: ~x is the greater, the less x is. */
static inline void
arg_max(const int8_t *input, int32_t outer, int32_t axis_size, int32_t inner, int8_t inverted, int32_t *output)
{
    for (int32_t row = 0; row < outer; row++, input += axis_size * inner) {
        for (int32_t column = 0; column < inner; column++) {
            const int8_t *value = input + column;
            int32_t best = 0;
            int32_t extreme = *value ^ inverted;
            for (int32_t index = 1; index < axis_size; index++) {
                value += inner;
                if ((*value ^ inverted) > extreme) {
                    extreme = *value ^ inverted;
                    best = index;
                }
            }
            *output++ = best;
        }
    }
}

void mcusim_arg_max_s8(const int8_t *input, int32_t outer, int32_t axis_size, int32_t inner, int32_t *output)
{
    arg_max(input, outer, axis_size, inner, 0, output);
}

void mcusim_arg_min_s8(const int8_t *input, int32_t outer, int32_t axis_size, int32_t inner, int32_t *output)
{
    arg_max(input, outer, axis_size, inner, -1, output);
}
