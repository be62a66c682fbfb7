/* SPDX-License-Identifier: MIT */
/*
 * memmove of the C library: by bytes. So newlib's is wherever the distance between source and destination is no
 * multiple of a word, as where a state moves by one element.
 */

#include "arm_nnsupportfunctions.h"

void *memmove(void *destination, const void *source, size_t size)
{
    uint8_t *to = destination;
    const uint8_t *from = source;
    if ((uintptr_t)to <= (uintptr_t)from) {
        const uint8_t *const end = from + size;
        while (from < end) {
            *to++ = *from++;
            __asm__ volatile("" ::: "memory"); /* no words of several bytes */
        }
    } else {
        for (; size > 0; size--) {
            to[size - 1] = from[size - 1];
        }
    }
    return destination;
}
