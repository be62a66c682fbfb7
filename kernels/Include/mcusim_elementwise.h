/* SPDX-License-Identifier: MIT */
/* Reference kernels of operators that work element by element, beside those of mcusim_functions.h. */

#ifndef MCUSIM_ELEMENTWISE_H
#define MCUSIM_ELEMENTWISE_H

#include "arm_nn_types.h"

/* ADD and MUL of int16 where a dimension of 1 of either input is repeated along the output's. */
arm_cmsis_nn_status mcusim_broadcast_add_s16(const cmsis_nn_dims *input_1_dims,
                                             const int16_t *input_1_data,
                                             const cmsis_nn_dims *input_2_dims,
                                             const int16_t *input_2_data,
                                             const int32_t input_1_offset,
                                             const int32_t input_1_mult,
                                             const int32_t input_1_shift,
                                             const int32_t input_2_offset,
                                             const int32_t input_2_mult,
                                             const int32_t input_2_shift,
                                             const int32_t left_shift,
                                             int16_t *output_data,
                                             const int32_t out_offset,
                                             const int32_t out_mult,
                                             const int32_t out_shift,
                                             const int32_t out_activation_min,
                                             const int32_t out_activation_max,
                                             const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_broadcast_mul_s16(const cmsis_nn_dims *input_1_dims,
                                             const int16_t *input_1_data,
                                             const cmsis_nn_dims *input_2_dims,
                                             const int16_t *input_2_data,
                                             const int32_t input_1_offset,
                                             const int32_t input_2_offset,
                                             int16_t *output_data,
                                             const int32_t out_offset,
                                             const int32_t out_mult,
                                             const int32_t out_shift,
                                             const int32_t out_activation_min,
                                             const int32_t out_activation_max,
                                             const cmsis_nn_dims *output_dims);

/* SUB; a dimension of 1 of either input is repeated along the output's. */
arm_cmsis_nn_status mcusim_sub_s8(const cmsis_nn_dims *input_1_dims,
                                  const int8_t *input_1_data,
                                  const cmsis_nn_dims *input_2_dims,
                                  const int8_t *input_2_data,
                                  const int32_t input_1_offset,
                                  const int32_t input_1_mult,
                                  const int32_t input_1_shift,
                                  const int32_t input_2_offset,
                                  const int32_t input_2_mult,
                                  const int32_t input_2_shift,
                                  const int32_t left_shift,
                                  int8_t *output_data,
                                  const int32_t out_offset,
                                  const int32_t out_mult,
                                  const int32_t out_shift,
                                  const int32_t out_activation_min,
                                  const int32_t out_activation_max,
                                  const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_sub_s16(const cmsis_nn_dims *input_1_dims,
                                   const int16_t *input_1_data,
                                   const cmsis_nn_dims *input_2_dims,
                                   const int16_t *input_2_data,
                                   const int32_t input_1_offset,
                                   const int32_t input_1_mult,
                                   const int32_t input_1_shift,
                                   const int32_t input_2_offset,
                                   const int32_t input_2_mult,
                                   const int32_t input_2_shift,
                                   const int32_t left_shift,
                                   int16_t *output_data,
                                   const int32_t out_offset,
                                   const int32_t out_mult,
                                   const int32_t out_shift,
                                   const int32_t out_activation_min,
                                   const int32_t out_activation_max,
                                   const cmsis_nn_dims *output_dims);

/* SQUARED_DIFFERENCE and DIV; a dimension of 1 of either input is repeated along the output's. */
arm_cmsis_nn_status mcusim_squared_difference_s8(const cmsis_nn_dims *input_1_dims,
                                                 const int8_t *input_1_data,
                                                 const cmsis_nn_dims *input_2_dims,
                                                 const int8_t *input_2_data,
                                                 const int32_t input_1_offset,
                                                 const int32_t input_1_mult,
                                                 const int32_t input_1_shift,
                                                 const int32_t input_2_offset,
                                                 const int32_t input_2_mult,
                                                 const int32_t input_2_shift,
                                                 const int32_t left_shift,
                                                 int8_t *output_data,
                                                 const int32_t out_offset,
                                                 const int32_t out_mult,
                                                 const int32_t out_shift,
                                                 const int32_t out_activation_min,
                                                 const int32_t out_activation_max,
                                                 const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_squared_difference_s16(const cmsis_nn_dims *input_1_dims,
                                                  const int16_t *input_1_data,
                                                  const cmsis_nn_dims *input_2_dims,
                                                  const int16_t *input_2_data,
                                                  const int32_t input_1_offset,
                                                  const int32_t input_1_mult,
                                                  const int32_t input_1_shift,
                                                  const int32_t input_2_offset,
                                                  const int32_t input_2_mult,
                                                  const int32_t input_2_shift,
                                                  const int32_t left_shift,
                                                  int16_t *output_data,
                                                  const int32_t out_offset,
                                                  const int32_t out_mult,
                                                  const int32_t out_shift,
                                                  const int32_t out_activation_min,
                                                  const int32_t out_activation_max,
                                                  const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_div_s8(const cmsis_nn_dims *input_1_dims,
                                  const int8_t *input_1_data,
                                  const cmsis_nn_dims *input_2_dims,
                                  const int8_t *input_2_data,
                                  const int32_t input_1_offset,
                                  const int32_t input_2_offset,
                                  int8_t *output_data,
                                  const int32_t out_offset,
                                  const int32_t out_mult,
                                  const int32_t out_shift,
                                  const int32_t out_activation_min,
                                  const int32_t out_activation_max,
                                  const cmsis_nn_dims *output_dims);

/* PRELU; the second input is alpha. Dimensions of 1 are repeated as for DIV. */
arm_cmsis_nn_status mcusim_prelu_s8(const cmsis_nn_dims *input_1_dims,
                                    const int8_t *input_1_data,
                                    const cmsis_nn_dims *input_2_dims,
                                    const int8_t *input_2_data,
                                    const int32_t input_offset,
                                    const int32_t alpha_offset,
                                    const int32_t identity_mult,
                                    const int32_t identity_shift,
                                    const int32_t alpha_mult,
                                    const int32_t alpha_shift,
                                    int8_t *output_data,
                                    const int32_t out_offset,
                                    const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_prelu_s16(const cmsis_nn_dims *input_1_dims,
                                     const int16_t *input_1_data,
                                     const cmsis_nn_dims *input_2_dims,
                                     const int8_t *input_2_data,
                                     const int32_t input_offset,
                                     const int32_t alpha_offset,
                                     const int32_t identity_mult,
                                     const int32_t identity_shift,
                                     const int32_t alpha_mult,
                                     const int32_t alpha_shift,
                                     int16_t *output_data,
                                     const int32_t out_offset,
                                     const cmsis_nn_dims *output_dims);

/* LOGISTIC of int16, with the multiplier and shift that make inputs multiples of 1 / (3 * 4096). */
void mcusim_logistic_s16(const int16_t *input, int32_t multiplier, int32_t left_shift, int32_t size, int16_t *output);

/* TANH, as LOGISTIC. */
void mcusim_tanh_s8(const int8_t *input,
                    int32_t zero_point,
                    int32_t range_radius,
                    int32_t multiplier,
                    int32_t left_shift,
                    int32_t size,
                    int8_t *output);

void mcusim_tanh_s16(const int16_t *input, int32_t multiplier, int32_t left_shift, int32_t size, int16_t *output);

/* RELU of int16 with different input and output scales. */
void mcusim_relu_s16(const int16_t *input,
                     int32_t input_offset,
                     int32_t output_offset,
                     int32_t multiplier,
                     int32_t shift,
                     int32_t activation_min,
                     int32_t activation_max,
                     int32_t size,
                     int16_t *output);

/* RELU6 of int16 with one scale: a clamp. */
void mcusim_relu6_s16(
    const int16_t *input, int32_t activation_min, int32_t activation_max, int32_t size, int16_t *output);

/* LEAKY_RELU: values from 0 up are scaled by the identity's multiplier, those below by alpha's. */
void mcusim_leaky_relu_s8(const int8_t *input,
                          int32_t input_offset,
                          int32_t output_offset,
                          int32_t identity_multiplier,
                          int32_t identity_shift,
                          int32_t alpha_multiplier,
                          int32_t alpha_shift,
                          int32_t activation_min,
                          int32_t activation_max,
                          int32_t size,
                          int8_t *output);

void mcusim_leaky_relu_s16(const int16_t *input,
                           int32_t input_offset,
                           int32_t output_offset,
                           int32_t identity_multiplier,
                           int32_t identity_shift,
                           int32_t alpha_multiplier,
                           int32_t alpha_shift,
                           int32_t activation_min,
                           int32_t activation_max,
                           int32_t size,
                           int16_t *output);

/* ELU; the table holds the results for 0 .. 127, then those for -128 .. -1. */
void mcusim_elu_s8(const int8_t *input, const int8_t *table, int32_t size, int8_t *output);

/* HARD_SWISH; Q15 multipliers to the output's scale and to one where 3 is 32768, exponents positive to the left. */
void mcusim_hard_swish_s8(const int8_t *input,
                          int32_t input_offset,
                          int32_t output_offset,
                          int32_t output_multiplier,
                          int32_t output_exponent,
                          int32_t relu_multiplier,
                          int32_t relu_exponent,
                          int32_t size,
                          int8_t *output);

/* ABS, and RSQRT with the multiplier of 1 / (sqrt(input scale) * output scale). */
void mcusim_abs_s8(const int8_t *input,
                   int32_t input_offset,
                   int32_t output_offset,
                   int32_t needs_rescale,
                   int32_t multiplier,
                   int32_t shift,
                   int32_t activation_min,
                   int32_t activation_max,
                   int32_t size,
                   int8_t *output);

void mcusim_abs_s16(const int16_t *input,
                    int32_t input_offset,
                    int32_t output_offset,
                    int32_t needs_rescale,
                    int32_t multiplier,
                    int32_t shift,
                    int32_t activation_min,
                    int32_t activation_max,
                    int32_t size,
                    int16_t *output);

arm_cmsis_nn_status mcusim_rsqrt_s8(const int8_t *input,
                                    int32_t input_offset,
                                    int32_t output_offset,
                                    int32_t multiplier,
                                    int32_t shift,
                                    int32_t activation_min,
                                    int32_t activation_max,
                                    int32_t size,
                                    int8_t *output);

arm_cmsis_nn_status mcusim_rsqrt_s16(const int16_t *input,
                                     int32_t input_offset,
                                     int32_t output_offset,
                                     int32_t multiplier,
                                     int32_t shift,
                                     int32_t activation_min,
                                     int32_t activation_max,
                                     int32_t size,
                                     int16_t *output);

/* L2_NORMALIZATION of rows of row_size. */
void mcusim_l2_normalization_s8(
    const int8_t *input, int32_t zero_point, int32_t num_rows, int32_t row_size, int8_t *output);

/* QUANTIZE float32 to int16. */
void mcusim_quantize_f32_s16(const float *input, float scale, int32_t zero_point, int32_t size, int16_t *output);

/* QUANTIZE of other integers: from the first type named to the second, or within one. */
void mcusim_requantize_s8_s16(const int8_t *input,
                              int32_t input_offset,
                              int32_t multiplier,
                              int32_t shift,
                              int32_t output_offset,
                              int32_t size,
                              int16_t *output);

void mcusim_requantize_s8_s32(const int8_t *input,
                              int32_t input_offset,
                              int32_t multiplier,
                              int32_t shift,
                              int32_t output_offset,
                              int32_t size,
                              int32_t *output);

void mcusim_requantize_s8_u8(const int8_t *input,
                             int32_t input_offset,
                             int32_t multiplier,
                             int32_t shift,
                             int32_t output_offset,
                             int32_t size,
                             uint8_t *output);

void mcusim_requantize_u8_s8(const uint8_t *input,
                             int32_t input_offset,
                             int32_t multiplier,
                             int32_t shift,
                             int32_t output_offset,
                             int32_t size,
                             int8_t *output);

void mcusim_requantize_s16_s8(const int16_t *input,
                              int32_t input_offset,
                              int32_t multiplier,
                              int32_t shift,
                              int32_t output_offset,
                              int32_t size,
                              int8_t *output);

void mcusim_requantize_s16(const int16_t *input,
                           int32_t input_offset,
                           int32_t multiplier,
                           int32_t shift,
                           int32_t output_offset,
                           int32_t size,
                           int16_t *output);

void mcusim_requantize_s16_s32(const int16_t *input,
                               int32_t input_offset,
                               int32_t multiplier,
                               int32_t shift,
                               int32_t output_offset,
                               int32_t size,
                               int32_t *output);

void mcusim_requantize_s32_s8(const int32_t *input,
                              int32_t input_offset,
                              int32_t multiplier,
                              int32_t shift,
                              int32_t output_offset,
                              int32_t size,
                              int8_t *output);

void mcusim_requantize_s32_s16(const int32_t *input,
                               int32_t input_offset,
                               int32_t multiplier,
                               int32_t shift,
                               int32_t output_offset,
                               int32_t size,
                               int16_t *output);

/* DEQUANTIZE int16 to float32. */
void mcusim_dequantize_s16_f32(const int16_t *input, float scale, int32_t zero_point, int32_t size, float *output);

#endif
