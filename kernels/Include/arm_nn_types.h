/* SPDX-License-Identifier: MIT */
/* The structures of CMSIS-NN's public interface: same names, members and layout. */

#ifndef ARM_NN_TYPES_H
#define ARM_NN_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    ARM_SIGMOID = 0,
    ARM_TANH = 1,
} arm_nn_activation_type;

typedef enum {
    ARM_CMSIS_NN_SUCCESS = 0,
    ARM_CMSIS_NN_ARG_ERROR = -1,
    ARM_CMSIS_NN_NO_IMPL_ERROR = -2,
    ARM_CMSIS_NN_FAILURE = -3,
} arm_cmsis_nn_status;

/* Scratch memory that the caller owns; buf may be null where the function's get_buffer_size is 0. */
typedef struct {
    void *buf;
    int32_t size; /* bytes */
} cmsis_nn_context;

/* A bias of int32 or int64, one an output channel; data may be null. */
typedef struct {
    const void *data;
    const bool is_int32_bias;
} cmsis_nn_bias_data;

typedef struct {
    int32_t w;
    int32_t h;
} cmsis_nn_tile;

typedef struct {
    int32_t n; /* batches, or output channels of a filter */
    int32_t h;
    int32_t w;
    int32_t c; /* channels */
} cmsis_nn_dims;

/* multiplier is Q31; shift > 0 is a left shift. Arrays have one entry an output channel. */
typedef struct {
    int32_t *multiplier;
    int32_t *shift;
} cmsis_nn_per_channel_quant_params;

typedef struct {
    int32_t multiplier;
    int32_t shift;
} cmsis_nn_per_tensor_quant_params;

/* One entry, or one an output channel if is_per_channel is not 0. */
typedef struct {
    int32_t *multiplier;
    int32_t *shift;
    int32_t is_per_channel;
} cmsis_nn_quant_params;

typedef struct {
    int32_t min;
    int32_t max;
} cmsis_nn_activation;

/* Offsets are added to the stored value: input_offset is the negated zero point, output_offset the zero point. */
typedef struct {
    int32_t input_offset;
    int32_t output_offset;
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_tile dilation;
    cmsis_nn_activation activation;
} cmsis_nn_conv_params;

typedef struct {
    int32_t input_offset;
    int32_t output_offset;
    int32_t ch_mult; /* output channels an input channel */
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_tile dilation;
    cmsis_nn_activation activation;
} cmsis_nn_dw_conv_params;

/* padding is cropped above and to the left; padding_offsets, the same below and to the right, is not read. */
typedef struct {
    int32_t input_offset;
    int32_t output_offset;
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_tile padding_offsets;
    cmsis_nn_tile dilation;
    cmsis_nn_activation activation;
} cmsis_nn_transpose_conv_params;

typedef struct {
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_activation activation;
} cmsis_nn_pool_params;

typedef struct {
    const int32_t num_dims;
    const uint32_t *permutations;
} cmsis_nn_transpose_params;

typedef struct {
    int32_t input_offset;
    int32_t filter_offset;
    int32_t output_offset;
    cmsis_nn_activation activation;
} cmsis_nn_fc_params;

/* Tables of an int16 SOFTMAX, 513 entries each: exp from -10 to 0, and 1 / (1 + x) from 0 to 1, both Q0.15. */
typedef struct {
    const int16_t *exp_lut;
    const int16_t *one_by_one_lut;
} cmsis_nn_softmax_lut_s16;

/* What was transposed before the call; read by nothing here. */
typedef struct {
    const bool adj_x;
    const bool adj_y;
    cmsis_nn_fc_params fc_params;
} cmsis_nn_bmm_params;

/* Here input_offset is the zero point itself, which is subtracted. */
typedef struct {
    int32_t rank; /* filters an output unit */
    int32_t input_offset;
    int32_t output_offset;
    cmsis_nn_activation input_activation; /* of the state */
    cmsis_nn_activation output_activation;
} cmsis_nn_svdf_params;

/*
 * A gate of an LSTM. Weights are int8 [units, depth]. Effective biases hold what the offsets of input and hidden state
 * add to the sums, and for the input the bias: int32 for int8 activations, int64 for int16.
 */
typedef struct {
    int32_t input_multiplier;
    int32_t input_shift;
    const void *input_weights;
    const void *input_effective_bias;
    int32_t hidden_multiplier;
    int32_t hidden_shift;
    const void *hidden_weights;
    const void *hidden_effective_bias;
    const void *bias;
    arm_nn_activation_type activation_type;
} cmsis_nn_lstm_gate;

typedef struct {
    int32_t time_major; /* 0: [batch, time, size], else [time, batch, size] */
    int32_t batch_size;
    int32_t time_steps;
    int32_t input_size;
    int32_t hidden_size;
    int32_t input_offset;
    int32_t forget_to_cell_multiplier;
    int32_t forget_to_cell_shift;
    int32_t input_to_cell_multiplier;
    int32_t input_to_cell_shift;
    int32_t cell_clip;
    int32_t cell_scale_power; /* the cell's unit is 2^cell_scale_power */
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t output_offset;
    cmsis_nn_lstm_gate forget_gate;
    cmsis_nn_lstm_gate input_gate;
    cmsis_nn_lstm_gate cell_gate;
    cmsis_nn_lstm_gate output_gate;
} cmsis_nn_lstm_params;

/*
 * temp1 and temp2: scratch of batch_size * hidden_size int16 each, as large as cell_state. hidden_state has the type
 * of the activations; where it is null, both states start at 0 and the hidden one is not kept.
 */
typedef struct {
    void *temp1;
    void *temp2;
    void *cell_state;
    void *hidden_state;
} cmsis_nn_lstm_context;

#endif
