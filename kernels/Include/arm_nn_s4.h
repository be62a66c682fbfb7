/* SPDX-License-Identifier: MIT */
/* int4 weights, two a byte, the earlier in the low half: single ones, and products of several with int8 or int16. */

#ifndef ARM_NN_S4_H
#define ARM_NN_S4_H

#include "arm_nn_s8x4.h"
#include "arm_nnsupportfunctions.h"

/* The weights of a byte. */
static inline int32_t arm_nn_low_s4(int32_t byte)
{
    return (int32_t)((uint32_t)byte << 28) >> 28;
}

static inline int32_t arm_nn_high_s4(int32_t byte)
{
    return (int32_t)((uint32_t)byte << 24) >> 28;
}

static inline int32_t arm_nn_read_s4(const int8_t *packed, int32_t element)
{
    const int32_t byte = packed[element >> 1];
    return element & 1 ? arm_nn_high_s4(byte) : arm_nn_low_s4(byte);
}

/* One row of weights times two of something else. */
typedef struct {
    int32_t sum_0;
    int32_t sum_1;
} arm_nn_sums_1x2;

static inline arm_nn_sums_1x2 arm_nn_add_s4(arm_nn_sums_1x2 sums, int32_t weight, int32_t value_0, int32_t value_1)
{
    sums.sum_0 = arm_nn_mla(sums.sum_0, weight, value_0);
    sums.sum_1 = arm_nn_mla(sums.sum_1, weight, value_1);
    return sums;
}

#ifdef __ARM_FEATURE_DSP
#include "arm_nn_dsp.h"

/* Each half byte of x's low half bytes as a signed byte. */
static inline uint32_t arm_nn_sign_s4x4(uint32_t x)
{
    return arm_nn_ssub8((x & 0x0F0F0F0FU) ^ 0x08080808U, 0x08080808U);
}

/* Four weights as two int16 pairs (0, 1) and (2, 3), from the low half of a word. */
static inline void arm_nn_widen_s4x4(uint32_t packed, uint32_t *weights_01, uint32_t *weights_23)
{
    const uint32_t low = (packed & 0xFU) | ((packed & 0xF0U) << 12);
    const uint32_t high = ((packed >> 8) & 0xFU) | ((packed & 0xF000U) << 4);
    *weights_01 = arm_nn_ssub16(low ^ 0x00080008U, 0x00080008U);
    *weights_23 = arm_nn_ssub16(high ^ 0x00080008U, 0x00080008U);
}

/* Four weights from any element on, in the low half of a word. */
static inline uint32_t arm_nn_read_s4x4(const int8_t *packed, int32_t element)
{
    const uint8_t *const bytes = (const uint8_t *)packed + (element >> 1);
    const uint32_t pair = bytes[0] | (uint32_t)bytes[1] << 8;
    return element & 1 ? pair >> 4 | (uint32_t)bytes[2] << 12 : pair;
}

/* Eight weights at a byte times two int16 columns. */
static inline arm_nn_sums_1x2 arm_nn_add_s4x8_s16(arm_nn_sums_1x2 sums,
                                                  const int8_t *packed,
                                                  const int16_t *column,
                                                  int32_t column_step)
{
    const uint32_t word = arm_nn_read_s8x4(packed);
    const uint32_t even = arm_nn_sign_s4x4(word);
    const uint32_t odd = arm_nn_sign_s4x4(word >> 4);
    const uint32_t even_04 = arm_nn_sxtb16(even);
    const uint32_t even_26 = arm_nn_sxtb16_ror8(even);
    const uint32_t odd_15 = arm_nn_sxtb16(odd);
    const uint32_t odd_37 = arm_nn_sxtb16_ror8(odd);
    const uint32_t weights[4] = {arm_nn_pkhbt(even_04, odd_15),
                                 arm_nn_pkhbt(even_26, odd_37),
                                 arm_nn_pkhtb(odd_15, even_04),
                                 arm_nn_pkhtb(odd_37, even_26)};
    for (int32_t pair = 0; pair < 4; pair++) {
        const arm_nn_unaligned_word *const values_0 = (const arm_nn_unaligned_word *)(column + 2 * pair);
        const arm_nn_unaligned_word *const values_1 = (const arm_nn_unaligned_word *)(column + column_step + 2 * pair);
        sums.sum_0 = arm_nn_smlad(weights[pair], values_0->value, sums.sum_0);
        sums.sum_1 = arm_nn_smlad(weights[pair], values_1->value, sums.sum_1);
    }
    return sums;
}

/* Eight weights at a byte times two int8 rows with an offset. */
static inline arm_nn_sums_1x2 arm_nn_add_s4x8_s8(
    arm_nn_sums_1x2 sums, const int8_t *packed, const int8_t *row, int32_t row_step, int32_t offset)
{
    const uint32_t offsets = arm_nn_pair(offset);
    const uint32_t word = arm_nn_read_s8x4(packed);
    const uint32_t even = arm_nn_sign_s4x4(word);
    const uint32_t odd = arm_nn_sign_s4x4(word >> 4);
    const uint32_t even_04 = arm_nn_sxtb16(even);
    const uint32_t even_26 = arm_nn_sxtb16_ror8(even);
    const uint32_t odd_15 = arm_nn_sxtb16(odd);
    const uint32_t odd_37 = arm_nn_sxtb16_ror8(odd);
    const uint32_t weights_02[2] = {arm_nn_pkhbt(even_04, even_26), arm_nn_pkhtb(even_26, even_04)};
    const uint32_t weights_13[2] = {arm_nn_pkhbt(odd_15, odd_37), arm_nn_pkhtb(odd_37, odd_15)};
    for (int32_t half = 0; half < 2; half++) {
        const uint32_t values_0 = arm_nn_read_s8x4(row + 4 * half);
        const uint32_t values_1 = arm_nn_read_s8x4(row + row_step + 4 * half);
        sums.sum_0 = arm_nn_smlad(weights_02[half], arm_nn_sxtab16(offsets, values_0), sums.sum_0);
        sums.sum_0 = arm_nn_smlad(weights_13[half], arm_nn_sxtab16_ror8(offsets, values_0), sums.sum_0);
        sums.sum_1 = arm_nn_smlad(weights_02[half], arm_nn_sxtab16(offsets, values_1), sums.sum_1);
        sums.sum_1 = arm_nn_smlad(weights_13[half], arm_nn_sxtab16_ror8(offsets, values_1), sums.sum_1);
    }
    return sums;
}

/* Each of four int16 values times its weight, from any element on. */
static inline void arm_nn_add_products_s4x4(
    arm_nn_sums *sums, const int16_t *values, const int8_t *packed, int32_t element)
{
    uint32_t weights_01;
    uint32_t weights_23;
    arm_nn_widen_s4x4(arm_nn_read_s4x4(packed, element), &weights_01, &weights_23);
    const uint32_t values_01 = ((const arm_nn_unaligned_word *)values)[0].value;
    const uint32_t values_23 = ((const arm_nn_unaligned_word *)values)[1].value;
    sums->sum_0 = arm_nn_smlabb(values_01, weights_01, sums->sum_0);
    sums->sum_1 = arm_nn_smlatt(values_01, weights_01, sums->sum_1);
    sums->sum_2 = arm_nn_smlabb(values_23, weights_23, sums->sum_2);
    sums->sum_3 = arm_nn_smlatt(values_23, weights_23, sums->sum_3);
}

#else

/* Eight weights at a byte times two int16 columns. */
static inline arm_nn_sums_1x2 arm_nn_add_s4x8_s16(arm_nn_sums_1x2 sums,
                                                  const int8_t *packed,
                                                  const int16_t *column,
                                                  int32_t column_step)
{
    for (int32_t pair = 0; pair < 4; pair++, column += 2) {
        const int32_t byte = *packed++;
        sums = arm_nn_add_s4(sums, arm_nn_low_s4(byte), column[0], column[column_step]);
        sums = arm_nn_add_s4(sums, arm_nn_high_s4(byte), column[1], column[column_step + 1]);
    }
    return sums;
}

/* Eight weights at a byte times two int8 rows with an offset. */
static inline arm_nn_sums_1x2 arm_nn_add_s4x8_s8(
    arm_nn_sums_1x2 sums, const int8_t *packed, const int8_t *row, int32_t row_step, int32_t offset)
{
    for (int32_t pair = 0; pair < 4; pair++, row += 2) {
        const int32_t byte = *packed++;
        sums = arm_nn_add_s4(sums, arm_nn_low_s4(byte), row[0] + offset, row[row_step] + offset);
        sums = arm_nn_add_s4(sums, arm_nn_high_s4(byte), row[1] + offset, row[row_step + 1] + offset);
    }
    return sums;
}

/* Each of four int16 values times its weight, from any element on. */
static inline void arm_nn_add_products_s4x4(
    arm_nn_sums *sums, const int16_t *values, const int8_t *packed, int32_t element)
{
    sums->sum_0 = arm_nn_mla(sums->sum_0, values[0], arm_nn_read_s4(packed, element));
    sums->sum_1 = arm_nn_mla(sums->sum_1, values[1], arm_nn_read_s4(packed, element + 1));
    sums->sum_2 = arm_nn_mla(sums->sum_2, values[2], arm_nn_read_s4(packed, element + 2));
    sums->sum_3 = arm_nn_mla(sums->sum_3, values[3], arm_nn_read_s4(packed, element + 3));
}

#endif

#endif
