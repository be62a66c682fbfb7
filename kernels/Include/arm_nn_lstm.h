/* SPDX-License-Identifier: MIT */
/* What both kinds of LSTM share: the element by element part of a step, which works on int16. */

#ifndef ARM_NN_LSTM_H
#define ARM_NN_LSTM_H

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

static inline int16_t arm_nn_saturate_s16(int32_t value)
{
    return (int16_t)arm_nn_clamp(value, INT16_MIN, INT16_MAX);
}

/* *output += a requantized sum; both are held within int16. */
static inline void arm_nn_add_scaled(int32_t sum, int32_t multiplier, int32_t shift, int16_t *output)
{
    *output = arm_nn_saturate_s16(*output + arm_nn_saturate_s16(arm_nn_requantize(sum, multiplier, shift)));
}

static inline void arm_nn_add_scaled_s64(int64_t sum, int32_t reduced_multiplier, int32_t shift, int16_t *output)
{
    *output = arm_nn_saturate_s16(*output + arm_nn_saturate_s16(arm_nn_requantize_s64(sum, reduced_multiplier, shift)));
}

/* output[j] += bias[j] + the sum over k of lhs[k] * rhs[j][k], requantized; all of it held within int16. */
void mcusim_nn_vec_mat_acc_s8_s16(const int8_t *lhs,
                                  const int8_t *rhs,
                                  const int32_t *bias,
                                  int32_t multiplier,
                                  int32_t shift,
                                  int32_t depth,
                                  int32_t rhs_rows,
                                  int16_t *output);

void mcusim_nn_vec_mat_acc_s16(const int16_t *lhs,
                               const int8_t *rhs,
                               const int64_t *bias,
                               int32_t multiplier,
                               int32_t shift,
                               int32_t depth,
                               int32_t rhs_rows,
                               int16_t *output);

/* a * b of two Q0.15, requantized to int16. */
static inline int16_t arm_nn_lstm_product(int16_t a, int16_t b, int32_t multiplier, int32_t shift)
{
    return arm_nn_saturate_s16(arm_nn_requantize(a * b, multiplier, shift));
}

/* cell = forget_gate * cell. */
static inline void
arm_nn_lstm_forget(const int16_t *forget_gate, const cmsis_nn_lstm_params *params, int32_t size, int16_t *cell)
{
    for (int32_t i = 0; i < size; i++) {
        cell[i] = arm_nn_lstm_product(
            forget_gate[i], cell[i], params->forget_to_cell_multiplier, params->forget_to_cell_shift);
    }
}

/* cell = cell + input_gate * cell_gate, held within cell_clip if that is above 0. */
static inline void arm_nn_lstm_remember(const int16_t *input_gate,
                                        const int16_t *cell_gate,
                                        const cmsis_nn_lstm_params *params,
                                        int32_t size,
                                        int16_t *cell)
{
    const int32_t max = params->cell_clip > 0 ? params->cell_clip : INT16_MAX;
    const int32_t min = params->cell_clip > 0 ? -params->cell_clip : INT16_MIN;
    for (int32_t i = 0; i < size; i++) {
        const int32_t added = arm_nn_lstm_product(
            input_gate[i], cell_gate[i], params->input_to_cell_multiplier, params->input_to_cell_shift);
        cell[i] = (int16_t)arm_nn_clamp(cell[i] + added, min, max);
    }
}

/* The tanh of the cell, an int16 whose unit is 2^cell_scale_power. */
static inline arm_cmsis_nn_status
arm_nn_lstm_squash(const int16_t *cell, const cmsis_nn_lstm_params *params, int32_t size, int16_t *output)
{
    return arm_nn_activation_s16(cell, output, size, params->cell_scale_power + 12, ARM_TANH);
}

/* Where the input of a time step begins and how far apart its batches lie, in rows. */
typedef struct {
    int32_t first;
    int32_t batch_step;
} arm_nn_lstm_rows;

static inline arm_nn_lstm_rows arm_nn_lstm_rows_at(const cmsis_nn_lstm_params *params, int32_t time)
{
    const arm_nn_lstm_rows time_major = {time * params->batch_size, 1};
    const arm_nn_lstm_rows batch_major = {time, params->time_steps};
    return params->time_major ? time_major : batch_major;
}

#endif
