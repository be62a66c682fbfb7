/* SPDX-License-Identifier: MIT */
/* The elements of two inputs that meet at a place in the output. */

#include "mcusim_broadcast.h"

void mcusim_meet(mcusim_meeting *meeting)
{
    const cmsis_nn_dims *place = &meeting->place;
    meeting->index_1 = mcusim_pixel(&meeting->steps_1, place->n, place->h, place->w) + place->c * meeting->steps_1.c;
    meeting->index_2 = mcusim_pixel(&meeting->steps_2, place->n, place->h, place->w) + place->c * meeting->steps_2.c;
}
