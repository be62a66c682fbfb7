/* SPDX-License-Identifier: MIT */
/* memcpy of the C library: from 16 bytes on by words, four at a time, then bytes. */

#include "arm_nnsupportfunctions.h"

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
    uint8_t *to = destination;
    const uint8_t *from = source;
    if (size >= 16 && arm_nn_holds_words((uintptr_t)to | (uintptr_t)from)) {
        for (; size >= 16; size -= 16, to += 16, from += 16) {
            arm_nn_memory_word *const to_words = (arm_nn_memory_word *)to;
            const arm_nn_memory_word *const from_words = (const arm_nn_memory_word *)from;
            to_words[0].value = from_words[0].value;
            to_words[1].value = from_words[1].value;
            to_words[2].value = from_words[2].value;
            to_words[3].value = from_words[3].value;
        }
        for (; size >= 4; size -= 4, to += 4, from += 4) {
            ((arm_nn_memory_word *)to)->value = ((const arm_nn_memory_word *)from)->value;
        }
    }
    for (; size > 0; size--) {
        *to++ = *from++;
    }
    return destination;
}
