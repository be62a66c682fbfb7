/* SPDX-License-Identifier: MIT */
/* UNIDIRECTIONAL_SEQUENCE_LSTM of int8: sums of 32 bits, whose bias has the offset of the other operand in it. */

#include "arm_nn_lstm.h"

/* A gate of all batches; hidden rows are as far apart as those of the input, or side by side. */
static arm_cmsis_nn_status run_gate(const int8_t *input,
                                    int32_t input_step,
                                    const int8_t *hidden,
                                    int32_t hidden_step,
                                    const cmsis_nn_lstm_gate *gate,
                                    const cmsis_nn_lstm_params *params,
                                    int16_t *output)
{
    const int32_t units = params->hidden_size;
    memset(output, 0, (size_t)(params->batch_size * units) * sizeof(int16_t));
    for (int32_t batch = 0; batch < params->batch_size; batch++) {
        mcusim_nn_vec_mat_acc_s8_s16(input + batch * input_step,
                                     gate->input_weights,
                                     gate->input_effective_bias,
                                     gate->input_multiplier,
                                     gate->input_shift,
                                     params->input_size,
                                     units,
                                     output + batch * units);
        if (hidden) {
            mcusim_nn_vec_mat_acc_s8_s16(hidden + batch * hidden_step,
                                         gate->hidden_weights,
                                         gate->hidden_effective_bias,
                                         gate->hidden_multiplier,
                                         gate->hidden_shift,
                                         units,
                                         units,
                                         output + batch * units);
        }
    }
    return arm_nn_activation_s16(output, output, params->batch_size * units, 0, gate->activation_type);
}

/* hidden = output_gate * tanh(cell), of each batch at its row. */
static void put_out(const int16_t *gate,
                    const int16_t *cell,
                    const cmsis_nn_lstm_params *params,
                    int32_t hidden_step,
                    int8_t *hidden)
{
    for (int32_t batch = 0; batch < params->batch_size; batch++) {
        for (int32_t i = 0; i < params->hidden_size; i++) {
            const int32_t scaled =
                arm_nn_requantize(gate[i] * cell[i], params->output_multiplier, params->output_shift);
            hidden[i] = (int8_t)arm_nn_clamp(scaled + params->output_offset, INT8_MIN, INT8_MAX);
        }
        gate += params->hidden_size;
        cell += params->hidden_size;
        hidden += hidden_step;
    }
}

/* One time step; `hidden` is null where nothing is remembered. */
static arm_cmsis_nn_status step(const int8_t *input,
                                int32_t input_step,
                                const int8_t *hidden,
                                int32_t hidden_step,
                                const cmsis_nn_lstm_params *params,
                                const cmsis_nn_lstm_context *buffers,
                                int32_t output_step,
                                int8_t *output)
{
    int16_t *const temp1 = buffers->temp1;
    int16_t *const temp2 = buffers->temp2;
    int16_t *const cell = buffers->cell_state;
    const int32_t size = params->batch_size * params->hidden_size;
    if (run_gate(input, input_step, hidden, hidden_step, &params->forget_gate, params, temp1)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    arm_nn_lstm_forget(temp1, params, size, cell);
    if (run_gate(input, input_step, hidden, hidden_step, &params->input_gate, params, temp1) ||
        run_gate(input, input_step, hidden, hidden_step, &params->cell_gate, params, temp2)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    arm_nn_lstm_remember(temp1, temp2, params, size, cell);
    if (run_gate(input, input_step, hidden, hidden_step, &params->output_gate, params, temp1) ||
        arm_nn_lstm_squash(cell, params, size, temp2)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    put_out(temp1, temp2, params, output_step, output);
    return ARM_CMSIS_NN_SUCCESS;
}

arm_cmsis_nn_status arm_lstm_unidirectional_s8(const int8_t *input,
                                               int8_t *output,
                                               const cmsis_nn_lstm_params *params,
                                               cmsis_nn_lstm_context *buffers)
{
    const int32_t units = params->hidden_size;
    const int8_t *hidden = buffers->hidden_state;
    int32_t hidden_step = units;
    if (!hidden) {
        memset(buffers->cell_state, 0, (size_t)(params->batch_size * units) * sizeof(int16_t));
    }
    for (int32_t time = 0; time < params->time_steps; time++) {
        const arm_nn_lstm_rows rows = arm_nn_lstm_rows_at(params, time);
        int8_t *const new_hidden = output + rows.first * units;
        const arm_cmsis_nn_status status = step(input + rows.first * params->input_size,
                                                rows.batch_step * params->input_size,
                                                hidden,
                                                hidden_step,
                                                params,
                                                buffers,
                                                rows.batch_step * units,
                                                new_hidden);
        if (status != ARM_CMSIS_NN_SUCCESS) {
            return status;
        }
        hidden = new_hidden;
        hidden_step = rows.batch_step * units;
    }
    if (buffers->hidden_state && hidden != buffers->hidden_state) {
        int8_t *state = buffers->hidden_state;
        for (int32_t batch = 0; batch < params->batch_size; batch++, state += units) {
            memcpy(state, hidden + batch * hidden_step, (size_t)units * sizeof(int8_t));
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
