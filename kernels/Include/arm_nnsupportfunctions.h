/* SPDX-License-Identifier: MIT */
/*
 * What the kernels share: memory, fixed-point arithmetic and matrix products. Not part of the public interface.
 *
 * Functions that objects share are named mcusim_nn_* where CMSIS-NN has one of the same purpose with other arguments:
 * both libraries can be linked into one program.
 */

#ifndef ARM_NNSUPPORTFUNCTIONS_H
#define ARM_NNSUPPORTFUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "arm_nn_types.h"

void *memcpy(void *restrict destination, const void *restrict source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int value, size_t size);

/* A word at any address: one LDR or STR where the core allows it, bytes where not. */
typedef struct {
    uint32_t value;
} __attribute__((packed, may_alias)) arm_nn_unaligned_word;

/* Words that memory is copied and filled by, and whether all of these addresses, or-ed, may hold them. */
#ifdef __ARM_FEATURE_UNALIGNED
typedef arm_nn_unaligned_word arm_nn_memory_word;

static inline int arm_nn_holds_words(uintptr_t addresses)
{
    (void)addresses;
    return 1;
}
#else
typedef struct {
    uint32_t value;
} __attribute__((may_alias)) arm_nn_memory_word;

static inline int arm_nn_holds_words(uintptr_t addresses)
{
    return addresses % sizeof(arm_nn_memory_word) == 0;
}
#endif

/* Four bytes of any address; a call of memcpy where the core has no unaligned loads. */
static inline uint32_t arm_nn_read_s8x4(const int8_t *source)
{
    uint32_t word;
    __builtin_memcpy(&word, source, sizeof(word));
    return word;
}

static inline int32_t arm_nn_max(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static inline int32_t arm_nn_min(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t arm_nn_clamp(int32_t value, int32_t min, int32_t max)
{
    return arm_nn_min(arm_nn_max(value, min), max);
}

/* Sums and products as the register holds them: what does not fit is lost. */
static inline int32_t arm_nn_wrapping_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int64_t arm_nn_wrapping_add_s64(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int32_t arm_nn_mla(int32_t sum, int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)sum + (uint32_t)a * (uint32_t)b);
}

/* value * 2^exponent as the register holds it: bits shifted out are lost. */
static inline int32_t arm_nn_shift_left(int32_t value, int32_t exponent)
{
    return (int32_t)((uint32_t)value << exponent);
}

/* a * b / 2^31 to nearest, halves up. a and b must not both be INT32_MIN. */
static inline int32_t arm_nn_doubling_high_mult(int32_t a, int32_t b)
{
    return (int32_t)((((int64_t)a * b) + (1LL << 30)) >> 31);
}

/*
 * value / 2^(exponent) to nearest, halves away from zero; 1 <= exponent <= 32, value > INT32_MIN, which no product of
 * doubling_high_mult with a multiplier >= 0 is, and value < INT32_MAX if exponent is 1.
 */
static inline int32_t arm_nn_divide_by_power_of_two(int32_t value, int32_t exponent)
{
    /* One bit less than asked for, then the rounding bit: the sum cannot overflow. */
    return (((value + (value >> 31)) >> (exponent - 1)) + 1) >> 1;
}

/* value * multiplier * 2^(shift - 31), rounded twice as TensorFlow Lite Micro does; -31 <= shift <= 30. */
static inline int32_t arm_nn_requantize(int32_t value, int32_t multiplier, int32_t shift)
{
    if (__builtin_expect(shift >= 0, 0)) {
        return arm_nn_doubling_high_mult(arm_nn_shift_left(value, shift), multiplier);
    }
    return arm_nn_divide_by_power_of_two(arm_nn_doubling_high_mult(value, multiplier), -shift);
}

/* A Q31 multiplier as the Q15 one that 64-bit accumulators are scaled by, rounded half up, at most 32767. */
static inline int32_t arm_nn_reduce_multiplier(int32_t multiplier)
{
    return multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
}

/*
 * value * reduced_multiplier * 2^(shift - 15) to nearest, halves up; -31 <= shift <= 7. The product wraps around, and
 * so does twice the result.
 */
static inline int32_t arm_nn_requantize_s64(int64_t value, int32_t reduced_multiplier, int32_t shift)
{
    const int64_t product = (int64_t)((uint64_t)value * (uint64_t)(int64_t)reduced_multiplier);
    return (int32_t)((uint32_t)(product >> (14 - shift)) + 1) >> 1;
}

/* sum / count to nearest, halves away from zero; count > 0. */
static inline int32_t arm_nn_mean(int32_t sum, int32_t count)
{
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

/* How accumulators become outputs: a multiplier and a shift for each output channel, then offset and limits. */
typedef struct {
    const int32_t *multiplier;
    const int32_t *shift;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
} arm_nn_requantization;

/* An output of a channel whose scale is at hand. */
static inline int8_t arm_nn_scaled_output(int32_t accumulator,
                                          int32_t multiplier,
                                          int32_t shift,
                                          const arm_nn_requantization *requantization)
{
    const int32_t value = arm_nn_requantize(accumulator, multiplier, shift);
    return (int8_t)arm_nn_clamp(arm_nn_wrapping_add(value, requantization->output_offset),
                                requantization->activation_min,
                                requantization->activation_max);
}

static inline int8_t arm_nn_output(int32_t accumulator, const arm_nn_requantization *requantization, int32_t channel)
{
    return arm_nn_scaled_output(
        accumulator, requantization->multiplier[channel], requantization->shift[channel], requantization);
}

/* The same for int16 outputs, which have no offset: from an accumulator of 32 bits, and from one of 64. */
static inline int16_t arm_nn_output_s16(int32_t accumulator,
                                        const arm_nn_requantization *requantization,
                                        int32_t channel)
{
    const int32_t value =
        arm_nn_requantize(accumulator, requantization->multiplier[channel], requantization->shift[channel]);
    return (int16_t)arm_nn_clamp(value, requantization->activation_min, requantization->activation_max);
}

static inline int16_t arm_nn_output_s64(int64_t accumulator,
                                        const arm_nn_requantization *requantization,
                                        int32_t channel)
{
    const int32_t multiplier = arm_nn_reduce_multiplier(requantization->multiplier[channel]);
    const int32_t value = arm_nn_requantize_s64(accumulator, multiplier, requantization->shift[channel]);
    return (int16_t)arm_nn_clamp(value, requantization->activation_min, requantization->activation_max);
}

/*
 * output[i][j] = requantized (bias[j] + sum over k of (lhs[i][k] + lhs_offset) * rhs[j][k]).
 *
 * lhs: lhs_rows rows, lhs_row_step bytes apart; rhs: rhs_rows rows of `depth` bytes; output: lhs_rows rows of
 * rhs_rows bytes. Suited to many rows on the left (1x1 convolution).
 */
void mcusim_nn_mat_mult_nt_t_s8(const int8_t *lhs,
                                int32_t lhs_rows,
                                int32_t lhs_row_step,
                                int32_t lhs_offset,
                                const int8_t *rhs,
                                int32_t rhs_rows,
                                int32_t depth,
                                const int32_t *bias,
                                const arm_nn_requantization *requantization,
                                int8_t *output);

/* The same with int4 on the right, two a byte without gaps between the rows. */
void mcusim_nn_mat_mult_nt_t_s4(const int8_t *lhs,
                                int32_t lhs_rows,
                                int32_t lhs_row_step,
                                int32_t lhs_offset,
                                const int8_t *packed_rhs,
                                int32_t rhs_rows,
                                int32_t depth,
                                const int32_t *bias,
                                const arm_nn_requantization *requantization,
                                int8_t *output);

/*
 * mcusim_nn_mat_mult_nt_t_s8 for one row on the left, with an offset added to the right side too (fully connected).
 * Multipliers and shifts are scale_step entries apart: 0 where all outputs share one.
 */
void mcusim_nn_vec_mat_mult_t_s8(const int8_t *lhs,
                                 int32_t lhs_offset,
                                 const int8_t *rhs,
                                 int32_t rhs_rows,
                                 int32_t rhs_offset,
                                 int32_t depth,
                                 const int32_t *bias,
                                 const arm_nn_requantization *requantization,
                                 int32_t scale_step,
                                 int8_t *output);

/*
 * One filter matrix times two int16 columns that already hold value + offset, `column_step` elements apart.
 * Writes output[channel] and output[output_step + channel].
 */
void mcusim_nn_mat_mult_kernel_s8_s16(const int8_t *filter,
                                      int32_t output_channels,
                                      int32_t depth,
                                      const int16_t *columns,
                                      int32_t column_step,
                                      const int32_t *bias,
                                      const arm_nn_requantization *requantization,
                                      int8_t *output,
                                      int32_t output_step);

/* The same for filters of int4, two a byte, the first of which is `first_element` of the packed ones. */
void mcusim_nn_mat_mult_kernel_s4_s16(const int8_t *packed,
                                      int32_t first_element,
                                      int32_t output_channels,
                                      int32_t depth,
                                      const int16_t *columns,
                                      int32_t column_step,
                                      const int32_t *bias,
                                      const arm_nn_requantization *requantization,
                                      int8_t *output,
                                      int32_t output_step);

/*
 * The same for int8 filters, int16 columns and int16 outputs. Unless is_int32_bias, accumulators have 64 bits.
 * column_count is 1 or 2.
 */
void mcusim_nn_mat_mult_kernel_s16(const int8_t *filter,
                                   int32_t output_channels,
                                   int32_t depth,
                                   const int16_t *columns,
                                   int32_t column_count,
                                   const cmsis_nn_bias_data *bias,
                                   const arm_nn_requantization *requantization,
                                   int16_t *output,
                                   int32_t output_step);

/* Where element [n, h, w, c] of a tensor lies; traps outside of it. For kernels that cost what TFLM's do. */
int32_t mcusim_nn_index(const cmsis_nn_dims *dims, int32_t n, int32_t h, int32_t w, int32_t c);

/* exp of a number <= 0 with integer_bits integer bits (4 or 5), as Q0.31. */
int32_t arm_nn_exp_on_negative_values(int32_t value, int32_t integer_bits);

/* 1 / (1 + x) of a Q0.31 number in [0, 1), as Q0.31. */
int32_t arm_nn_one_over_one_plus_x(int32_t value);

/* (1 - x) / (1 + x) of a Q0.31 number in [0, 1), as Q0.31. */
int32_t arm_nn_one_minus_x_over_one_plus_x(int32_t value);

#endif
