/* SPDX-License-Identifier: MIT */
/* memcpy of the C library: four words at a time, then words, then bytes. */

#include "arm_nnsupportfunctions.h"

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
    uint8_t *to = destination;
    const uint8_t *from = source;
    for (; size >= 16; size -= 16, to += 16, from += 16) {
        arm_nn_unaligned_word *const to_words = (arm_nn_unaligned_word *)to;
        const arm_nn_unaligned_word *const from_words = (const arm_nn_unaligned_word *)from;
        to_words[0].value = from_words[0].value;
        to_words[1].value = from_words[1].value;
        to_words[2].value = from_words[2].value;
        to_words[3].value = from_words[3].value;
    }
    for (; size >= 4; size -= 4, to += 4, from += 4) {
        ((arm_nn_unaligned_word *)to)->value = ((const arm_nn_unaligned_word *)from)->value;
    }
    for (; size > 0; size--) {
        *to++ = *from++;
    }
    return destination;
}
