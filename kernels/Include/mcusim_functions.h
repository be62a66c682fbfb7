/* SPDX-License-Identifier: MIT */
/*
 * Reference kernels of the operators that CMSIS-NN lacks: plain C with TensorFlow Lite Micro's arithmetic.
 *
 * size counts elements. Offsets are added, zero points are as stored in the model.
 */

#ifndef MCUSIM_FUNCTIONS_H
#define MCUSIM_FUNCTIONS_H

#include "arm_nn_types.h"
#include "mcusim_comparisons.h"
#include "mcusim_elementwise.h"

/* ADD and MUL where a dimension of 1 of either input is repeated along the output's. */
arm_cmsis_nn_status mcusim_broadcast_add_s8(const cmsis_nn_dims *input_1_dims,
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

arm_cmsis_nn_status mcusim_broadcast_mul_s8(const cmsis_nn_dims *input_1_dims,
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

/* TRANSPOSE_CONV of int16 with int8 weights; ctx holds one int64 an output element, all of it written. */
arm_cmsis_nn_status mcusim_transpose_conv_s16(const cmsis_nn_context *ctx,
                                              const cmsis_nn_transpose_conv_params *transpose_conv_params,
                                              const cmsis_nn_per_channel_quant_params *quant_params,
                                              const cmsis_nn_dims *input_dims,
                                              const int16_t *input_data,
                                              const cmsis_nn_dims *filter_dims,
                                              const int8_t *filter_data,
                                              const cmsis_nn_dims *bias_dims,
                                              const int64_t *bias_data,
                                              const cmsis_nn_dims *output_dims,
                                              int16_t *output_data);

/*
 * MEAN over the axes whose member of `reduce` is 1, the division folded into the multiplier, or SUM without it; `sums`
 * is scratch of one int32 an output element.
 */
void mcusim_mean_s8(const int8_t *input,
                    const cmsis_nn_dims *input_dims,
                    const cmsis_nn_dims *reduce,
                    int32_t *sums,
                    int32_t input_zero_point,
                    int32_t multiplier,
                    int32_t shift,
                    int32_t output_zero_point,
                    int8_t *output);

void mcusim_mean_s16(const int16_t *input,
                     const cmsis_nn_dims *input_dims,
                     const cmsis_nn_dims *reduce,
                     int32_t *sums,
                     int32_t input_zero_point,
                     int32_t multiplier,
                     int32_t shift,
                     int32_t output_zero_point,
                     int16_t *output);

/* REDUCE_MAX and REDUCE_MIN over the axes whose member of `reduce` is 1. */
void mcusim_reduce_max_s8(const int8_t *input,
                          const cmsis_nn_dims *input_dims,
                          const cmsis_nn_dims *reduce,
                          int8_t *output);

void mcusim_reduce_min_s8(const int8_t *input,
                          const cmsis_nn_dims *input_dims,
                          const cmsis_nn_dims *reduce,
                          int8_t *output);

/* ARG_MAX and ARG_MIN along the middle one of three axes. */
void mcusim_arg_max_s8(const int8_t *input, int32_t outer, int32_t axis_size, int32_t inner, int32_t *output);

void mcusim_arg_min_s8(const int8_t *input, int32_t outer, int32_t axis_size, int32_t inner, int32_t *output);

/* CUMSUM along the middle one of three axes; left_shift is the headroom before an input is rescaled (20). */
void mcusim_cumsum_s8(const int8_t *input,
                      int32_t outer,
                      int32_t axis_size,
                      int32_t inner,
                      int32_t exclusive,
                      int32_t reverse,
                      int32_t input_offset,
                      int32_t input_mult,
                      int32_t input_shift,
                      int32_t left_shift,
                      int32_t out_offset,
                      int32_t out_mult,
                      int32_t out_shift,
                      int8_t *output);

/*
 * STRIDED_SLICE and SLICE of five dimensions, outermost first: from `begin` on in steps of `strides`, which may be
 * negative, up to but without `end`.
 */
void mcusim_strided_slice(const void *input,
                          const int32_t *sizes,
                          const int32_t *begin,
                          const int32_t *end,
                          const int32_t *strides,
                          int32_t element_bytes,
                          void *output);

/*
 * TRANSPOSE and BROADCAST_TO: five nested walks over the input in the order of the output, sizes and steps (elements, of
 * any sign) outermost first, element by element. Elements have 1, 2, 4 or 8 bytes.
 */
void mcusim_strided_copy(
    const void *input, const int32_t *sizes, const int32_t *steps, int32_t element_bytes, void *output);

/* SPACE_TO_DEPTH and DEPTH_TO_SPACE: the same where the innermost step is 1. */
void mcusim_copy_rows(
    const void *input, const int32_t *sizes, const int32_t *steps, int32_t element_bytes, void *output);

/* SPLIT, PACK and UNPACK: so many blocks, at regular distances on both sides. */
void mcusim_copy_blocks(const void *input,
                        int32_t input_step_bytes,
                        int32_t block_bytes,
                        int32_t blocks,
                        int32_t output_step_bytes,
                        void *output);

/* PAD of five dimensions, outermost first; `before` counts the elements added in front of each. */
void mcusim_pad(const void *input,
                const int32_t *sizes,
                const int32_t *before,
                const int32_t *output_sizes,
                const void *pad_value,
                int32_t element_bytes,
                void *output);

/* MIRROR_PAD, by reflection or symmetrically. */
void mcusim_mirror_pad(const void *input,
                       const int32_t *sizes,
                       const int32_t *before,
                       const int32_t *output_sizes,
                       int32_t reflection,
                       int32_t element_bytes,
                       void *output);

/* GATHER from an input [batches, outer, axis_size, block]; each batch has index_count indices of its own. */
arm_cmsis_nn_status mcusim_gather(const void *input,
                                  const int32_t *indices,
                                  int32_t batches,
                                  int32_t outer,
                                  int32_t axis_size,
                                  int32_t block_bytes,
                                  int32_t index_count,
                                  void *output);

/* SPACE_TO_BATCH_ND; each byte of a padded pixel is pad_value. */
void mcusim_space_to_batch_nd(const void *input,
                              const cmsis_nn_dims *input_dims,
                              const cmsis_nn_tile *block,
                              const cmsis_nn_tile *padding,
                              int32_t pixel_bytes,
                              int32_t pad_value,
                              const cmsis_nn_dims *output_dims,
                              void *output);

void mcusim_batch_to_space_nd(const void *input,
                              const cmsis_nn_dims *input_dims,
                              const cmsis_nn_tile *block,
                              const cmsis_nn_tile *crop,
                              int32_t pixel_bytes,
                              const cmsis_nn_dims *output_dims,
                              void *output);

void mcusim_resize_nearest_neighbor(const void *input,
                                    const cmsis_nn_dims *input_dims,
                                    int32_t align_corners,
                                    int32_t half_pixel_centers,
                                    int32_t pixel_bytes,
                                    const cmsis_nn_dims *output_dims,
                                    void *output);

void mcusim_resize_bilinear_s8(const int8_t *input,
                               const cmsis_nn_dims *input_dims,
                               int32_t align_corners,
                               int32_t half_pixel_centers,
                               const cmsis_nn_dims *output_dims,
                               int8_t *output);

/* FILL with an element of 1, 2, 4 or 8 bytes. */
void mcusim_fill(const void *value, int32_t element_bytes, int32_t size, void *output);

void mcusim_zeros_like(int32_t size_bytes, void *output);

void mcusim_shape(const int32_t *dims, int32_t count, int32_t *output);

/* CAST; bytes of a bool are 0 or 1. */
typedef enum {
    MCUSIM_INT8 = 0,
    MCUSIM_INT16 = 1,
    MCUSIM_INT32 = 2,
    MCUSIM_BOOL = 3,
    MCUSIM_FLOAT32 = 4,
} mcusim_type;

arm_cmsis_nn_status mcusim_cast(const void *input, mcusim_type from, mcusim_type to, int32_t size, void *output);

/* LOGISTIC; inputs at least range_radius away from the zero point give the end of the int8 range. */
void mcusim_logistic_s8(const int8_t *input,
                        int32_t zero_point,
                        int32_t range_radius,
                        int32_t multiplier,
                        int32_t left_shift,
                        int32_t size,
                        int8_t *output);

/* RELU with different input and output quantization. */
void mcusim_relu_s8(const int8_t *input,
                    int32_t input_offset,
                    int32_t output_offset,
                    int32_t multiplier,
                    int32_t shift,
                    int32_t activation_min,
                    int32_t activation_max,
                    int32_t size,
                    int8_t *output);

/* RELU6 with one quantization: a clamp. */
void mcusim_relu6_s8(const int8_t *input, int32_t activation_min, int32_t activation_max, int32_t size, int8_t *output);

/* QUANTIZE float32 to int8, rounding half away from zero. */
void mcusim_quantize_f32_s8(const float *input, float scale, int32_t zero_point, int32_t size, int8_t *output);

/* QUANTIZE int8 to int8 of another scale. */
void mcusim_requantize_s8(const int8_t *input,
                          int32_t input_offset,
                          int32_t multiplier,
                          int32_t shift,
                          int32_t output_offset,
                          int32_t size,
                          int8_t *output);

/* The scaling of 32-bit and of 64-bit sums, each element with a multiplier and a shift of its own. */
void mcusim_requantize_each_s32(const int32_t *input,
                                const int32_t *multiplier,
                                const int32_t *shift,
                                int32_t size,
                                int32_t *output);

void mcusim_requantize_each_s64(const int64_t *input,
                                const int32_t *multiplier,
                                const int32_t *shift,
                                int32_t size,
                                int32_t *output);

/* One multiplier and shift for each channel, of a FULLY_CONNECTED that runs as a convolution. */
void mcusim_repeat_scale(
    int32_t multiplier, int32_t shift, int32_t channels, int32_t *multipliers, int32_t *shifts);

/* Rows and columns of `count` matrices exchanged, for BATCH_MATMUL. */
void mcusim_transpose_matrices_s8(const int8_t *input, int32_t count, int32_t rows, int32_t columns, int8_t *output);

void mcusim_transpose_matrices_s16(const int16_t *input, int32_t count, int32_t rows, int32_t columns, int16_t *output);

/* arm_svdf_s8 for a state of any zero point, which is subtracted; sums beyond int8 wrap around in the state. */
arm_cmsis_nn_status mcusim_svdf_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_svdf_params *svdf_params,
                                   int32_t state_zero_point,
                                   const cmsis_nn_per_tensor_quant_params *input_quant_params,
                                   const cmsis_nn_per_tensor_quant_params *output_quant_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *input_data,
                                   int8_t *state_data,
                                   const cmsis_nn_dims *weights_feature_dims,
                                   const int8_t *weights_feature_data,
                                   const cmsis_nn_dims *weights_time_dims,
                                   const int8_t *weights_time_data,
                                   const int32_t *bias_data,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *output_data);

/* DEQUANTIZE int8 to float32. */
void mcusim_dequantize_s8_f32(const int8_t *input, float scale, int32_t zero_point, int32_t size, float *output);

#endif
