/* SPDX-License-Identifier: MIT */
/* memset of the C library: from 16 bytes on by words, four at a time, then bytes. */

#include "arm_nnsupportfunctions.h"

void *memset(void *destination, int value, size_t size)
{
    uint8_t *to = destination;
    const uint32_t word = (uint8_t)value * 0x01010101U;
    if (arm_nn_holds_words((uintptr_t)to)) {
        for (; size >= 16; size -= 16, to += 16) {
            arm_nn_memory_word *const words = (arm_nn_memory_word *)to;
            words[0].value = word;
            words[1].value = word;
            words[2].value = word;
            words[3].value = word;
        }
    }
    for (; size > 0; size--) {
        *to++ = (uint8_t)value;
    }
    return destination;
}
