/* SPDX-License-Identifier: MIT */
/* int8 to int16 with an offset, in order: how windows are unrolled into columns. */

#ifndef ARM_NN_WIDEN_H
#define ARM_NN_WIDEN_H

#include "arm_nnsupportfunctions.h"

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

static inline void arm_nn_widen(int16_t *output, const int8_t *input, int32_t size, int32_t offset)
{
    const uint32_t offsets = arm_nn_pair(offset);
    for (; size >= 4; size -= 4, input += 4, output += 4) {
        const uint32_t word = arm_nn_read_s8x4(input);
        const uint32_t bytes_02 = arm_nn_sxtab16(offsets, word);
        const uint32_t bytes_13 = arm_nn_sxtab16_ror8(offsets, word);
        ((arm_nn_unaligned_word *)output)[0].value = arm_nn_pkhbt(bytes_02, bytes_13);
        ((arm_nn_unaligned_word *)output)[1].value = arm_nn_pkhtb(bytes_13, bytes_02);
    }
    for (; size > 0; size--) {
        *output++ = (int16_t)(*input++ + offset);
    }
}

#else

static inline void arm_nn_widen(int16_t *output, const int8_t *input, int32_t size, int32_t offset)
{
    for (; size > 0; size--) {
        *output++ = (int16_t)(*input++ + offset);
    }
}

#endif

/* A pixel of int8, as arm_nn_unroll_window takes it. */
static inline void arm_nn_widen_pixel_s8(int16_t *column, const void *pixel, int32_t channels, int32_t offset)
{
    arm_nn_widen(column, pixel, channels, offset);
}

#endif
