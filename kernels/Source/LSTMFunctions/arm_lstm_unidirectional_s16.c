/* SPDX-License-Identifier: MIT */
/* UNIDIRECTIONAL_SEQUENCE_LSTM of int16: sums of 64 bits. */

#include "arm_nn_lstm.h"

arm_cmsis_nn_status arm_lstm_unidirectional_s16(const int16_t *input,
                                                int16_t *output,
                                                const cmsis_nn_lstm_params *params,
                                                cmsis_nn_lstm_context *buffers)
{
    return arm_nn_lstm_sequence((const void *)input, (void *)output, (int32_t)sizeof(int16_t), params, buffers);
}
