/* SPDX-License-Identifier: MIT */
/* The next place in an output, and the elements of two inputs that meet there. */

#include "mcusim_broadcast.h"

void mcusim_go_on(mcusim_meeting *meeting)
{
    cmsis_nn_dims *place = &meeting->place;
    const cmsis_nn_dims *dims = &meeting->output_dims;
    meeting->index_1 += meeting->steps_1.c;
    meeting->index_2 += meeting->steps_2.c;
    if (++place->c < dims->c) {
        return;
    }
    place->c = 0;
    if (++place->w == dims->w) {
        place->w = 0;
        if (++place->h == dims->h) {
            place->h = 0;
            place->n++;
        }
    }
    meeting->index_1 = mcusim_pixel(&meeting->steps_1, place->n, place->h, place->w);
    meeting->index_2 = mcusim_pixel(&meeting->steps_2, place->n, place->h, place->w);
}
