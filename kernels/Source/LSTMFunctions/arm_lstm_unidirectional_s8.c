/* SPDX-License-Identifier: MIT */
/* UNIDIRECTIONAL_SEQUENCE_LSTM of int8: sums of 32 bits, whose bias has the offset of the other operand in it. */

#include "arm_nn_lstm.h"

arm_cmsis_nn_status arm_lstm_unidirectional_s8(const int8_t *input,
                                               int8_t *output,
                                               const cmsis_nn_lstm_params *params,
                                               cmsis_nn_lstm_context *buffers)
{
    return arm_nn_lstm_sequence(input, output, (int32_t)sizeof(int8_t), params, buffers);
}
