/* SPDX-License-Identifier: MIT */
/* The inverse square root of an integer. */

#ifndef MCUSIM_ROOTS_H
#define MCUSIM_ROOTS_H

#include <stdint.h>

/* 1 / sqrt(value) of a value >= 0 as a Q31 multiplier and a shift, positive to the left; that of 0 is 1. */
typedef struct {
    int32_t multiplier;
    int32_t shift;
} mcusim_inverse_root;

mcusim_inverse_root mcusim_inverse_square_root(int32_t value);

#endif
