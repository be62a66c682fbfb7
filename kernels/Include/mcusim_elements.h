/* SPDX-License-Identifier: MIT */
/* Moving elements of 1, 2, 4 or 8 bytes whose type does not matter, and walks over five dimensions. */

#ifndef MCUSIM_ELEMENTS_H
#define MCUSIM_ELEMENTS_H

#include "arm_nnsupportfunctions.h"

#define MCUSIM_DIMS 5

/*
 * Runs a statement in which BYTES is the size of an element as a constant, so that the functions below become single
 * loads and stores.
 */
#define MCUSIM_BY_SIZE(element_bytes, ...)                                                                             \
    switch (element_bytes) {                                                                                           \
    case 1: {                                                                                                          \
        enum { BYTES = 1 };                                                                                            \
        __VA_ARGS__;                                                                                                   \
        break;                                                                                                         \
    }                                                                                                                  \
    case 2: {                                                                                                          \
        enum { BYTES = 2 };                                                                                            \
        __VA_ARGS__;                                                                                                   \
        break;                                                                                                         \
    }                                                                                                                  \
    case 4: {                                                                                                          \
        enum { BYTES = 4 };                                                                                            \
        __VA_ARGS__;                                                                                                   \
        break;                                                                                                         \
    }                                                                                                                  \
    default: {                                                                                                         \
        enum { BYTES = 8 };                                                                                            \
        __VA_ARGS__;                                                                                                   \
        break;                                                                                                         \
    }                                                                                                                  \
    }

typedef uint16_t __attribute__((may_alias)) mcusim_element_2;
typedef uint32_t __attribute__((may_alias)) mcusim_element_4;

/* One element of `bytes`, a constant; both addresses are aligned to it, those of 8 bytes to 4. */
static inline __attribute__((always_inline)) void mcusim_move(void *output, const void *input, int32_t bytes)
{
    switch (bytes) {
    case 1:
        *(uint8_t *)output = *(const uint8_t *)input;
        break;
    case 2:
        *(mcusim_element_2 *)output = *(const mcusim_element_2 *)input;
        break;
    case 4:
        *(mcusim_element_4 *)output = *(const mcusim_element_4 *)input;
        break;
    default:
        ((mcusim_element_4 *)output)[0] = ((const mcusim_element_4 *)input)[0];
        ((mcusim_element_4 *)output)[1] = ((const mcusim_element_4 *)input)[1];
        break;
    }
}

#endif
