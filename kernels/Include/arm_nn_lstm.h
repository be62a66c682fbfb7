/* SPDX-License-Identifier: MIT */
/* UNIDIRECTIONAL_SEQUENCE_LSTM of int8 or int16 activations, whose gates and cell are int16 in both. */

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

/* Where the rows of a time step begin and how far apart its batches lie, in rows. */
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

/* Rows of activations, of int8 or int16: `step` bytes apart. */
typedef struct {
    const int8_t *first;
    int32_t step;
} arm_nn_lstm_batches;

/* output[batch][units] += values[batch] times weights; both types of activations, by the bytes of one. */
static inline void arm_nn_lstm_accumulate(const arm_nn_lstm_batches *values,
                                          int32_t bytes,
                                          const void *weights,
                                          const void *bias,
                                          int32_t multiplier,
                                          int32_t shift,
                                          int32_t depth,
                                          const cmsis_nn_lstm_params *params,
                                          int16_t *output)
{
    const int32_t units = params->hidden_size;
    for (int32_t batch = 0; batch < params->batch_size; batch++, output += units) {
        const int8_t *const row = values->first + batch * values->step;
        if (bytes == 1) {
            mcusim_nn_vec_mat_acc_s8_s16(row, weights, bias, multiplier, shift, depth, units, output);
        } else {
            const int16_t *const wide = (const void *)row;
            mcusim_nn_vec_mat_acc_s16(wide, weights, bias, multiplier, shift, depth, units, output);
        }
    }
}

/* A gate of all batches; without a hidden state (a null pointer) that of the input alone. */
static inline arm_cmsis_nn_status arm_nn_lstm_run_gate(const arm_nn_lstm_batches *input,
                                                       const arm_nn_lstm_batches *hidden,
                                                       int32_t bytes,
                                                       const cmsis_nn_lstm_gate *gate,
                                                       const cmsis_nn_lstm_params *params,
                                                       int16_t *output)
{
    const int32_t size = params->batch_size * params->hidden_size;
    memset(output, 0, (size_t)size * sizeof(int16_t));
    arm_nn_lstm_accumulate(input,
                           bytes,
                           gate->input_weights,
                           gate->input_effective_bias,
                           gate->input_multiplier,
                           gate->input_shift,
                           params->input_size,
                           params,
                           output);
    if (hidden->first) {
        arm_nn_lstm_accumulate(hidden,
                               bytes,
                               gate->hidden_weights,
                               gate->hidden_effective_bias,
                               gate->hidden_multiplier,
                               gate->hidden_shift,
                               params->hidden_size,
                               params,
                               output);
    }
    return arm_nn_activation_s16(output, output, size, 0, gate->activation_type);
}

/* hidden = output_gate * tanh(cell); its batches are `step` bytes apart. */
static inline void arm_nn_lstm_put_out(const int16_t *gate,
                                       const int16_t *cell,
                                       const cmsis_nn_lstm_params *params,
                                       int32_t bytes,
                                       int32_t step,
                                       int8_t *hidden)
{
    const int32_t min = bytes == 1 ? INT8_MIN : INT16_MIN;
    const int32_t max = bytes == 1 ? INT8_MAX : INT16_MAX;
    for (int32_t batch = 0; batch < params->batch_size; batch++, hidden += step) {
        int16_t *const wide = (void *)hidden;
        for (int32_t i = 0; i < params->hidden_size; i++) {
            const int32_t scaled =
                arm_nn_requantize(*gate++ * *cell++, params->output_multiplier, params->output_shift);
            const int32_t value = arm_nn_clamp(arm_nn_wrapping_add(scaled, params->output_offset), min, max);
            if (bytes == 1) {
                hidden[i] = (int8_t)value;
            } else {
                wide[i] = (int16_t)value;
            }
        }
    }
}

/* One time step. */
static inline arm_cmsis_nn_status arm_nn_lstm_step(const arm_nn_lstm_batches *input,
                                                   const arm_nn_lstm_batches *hidden,
                                                   int32_t bytes,
                                                   const cmsis_nn_lstm_params *params,
                                                   const cmsis_nn_lstm_context *buffers,
                                                   int32_t output_step,
                                                   int8_t *output)
{
    int16_t *const temp1 = buffers->temp1;
    int16_t *const temp2 = buffers->temp2;
    int16_t *const cell = buffers->cell_state;
    const int32_t size = params->batch_size * params->hidden_size;
    if (arm_nn_lstm_run_gate(input, hidden, bytes, &params->forget_gate, params, temp1)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    arm_nn_lstm_forget(temp1, params, size, cell);
    if (arm_nn_lstm_run_gate(input, hidden, bytes, &params->input_gate, params, temp1) ||
        arm_nn_lstm_run_gate(input, hidden, bytes, &params->cell_gate, params, temp2)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    arm_nn_lstm_remember(temp1, temp2, params, size, cell);
    if (arm_nn_lstm_run_gate(input, hidden, bytes, &params->output_gate, params, temp1) ||
        arm_nn_lstm_squash(cell, params, size, temp2)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    arm_nn_lstm_put_out(temp1, temp2, params, bytes, output_step, output);
    return ARM_CMSIS_NN_SUCCESS;
}

/* All time steps of activations of so many bytes each, 1 or 2; both states are kept if there is a hidden one. */
static inline arm_cmsis_nn_status arm_nn_lstm_sequence(const int8_t *input,
                                                       int8_t *output,
                                                       int32_t bytes,
                                                       const cmsis_nn_lstm_params *params,
                                                       const cmsis_nn_lstm_context *buffers)
{
    const int32_t input_bytes = params->input_size * bytes;
    const int32_t hidden_bytes = params->hidden_size * bytes;
    arm_nn_lstm_batches hidden = {buffers->hidden_state, hidden_bytes};
    if (!hidden.first) {
        memset(buffers->cell_state, 0, (size_t)(params->batch_size * params->hidden_size) * sizeof(int16_t));
    }
    for (int32_t time = 0; time < params->time_steps; time++) {
        const arm_nn_lstm_rows rows = arm_nn_lstm_rows_at(params, time);
        const arm_nn_lstm_batches now = {input + rows.first * input_bytes, rows.batch_step * input_bytes};
        const int32_t step = rows.batch_step * hidden_bytes;
        int8_t *const new_hidden = output + rows.first * hidden_bytes;
        const arm_cmsis_nn_status status =
            arm_nn_lstm_step(&now, &hidden, bytes, params, buffers, step, new_hidden);
        if (status != ARM_CMSIS_NN_SUCCESS) {
            return status;
        }
        hidden.first = new_hidden;
        hidden.step = step;
    }
    int8_t *state = buffers->hidden_state;
    if (state && hidden.first != state) {
        for (int32_t batch = 0; batch < params->batch_size; batch++, state += hidden_bytes) {
            memcpy(state, hidden.first + batch * hidden.step, (size_t)hidden_bytes);
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
