/* SPDX-License-Identifier: MIT */
/* SVDF with a state of int8 or int16. */

#ifndef ARM_NN_SVDF_H
#define ARM_NN_SVDF_H

#include "arm_nn_dot_rows.h"
#include "arm_nn_dot_s16_s16.h"
#include "arm_nnfunctions.h"

/* The state of a batch and the weights of time, with the bytes of their elements, 1 or 2. */
typedef struct {
    int8_t *state;
    const int8_t *weights;
    int32_t bytes;
    int32_t filters;
    int32_t steps;
    int32_t zero_point; /* of the state */
} arm_nn_svdf_memory;

/* The newest entry of a filter: a sum of products, as wide as the state holds it. */
static inline void arm_nn_svdf_put(const arm_nn_svdf_memory *memory,
                                   int32_t filter,
                                   int32_t sum,
                                   const cmsis_nn_per_tensor_quant_params *quant_params,
                                   const cmsis_nn_activation *activation)
{
    const int32_t scaled = arm_nn_requantize(sum, quant_params->multiplier, quant_params->shift);
    const int32_t value = arm_nn_clamp(scaled, activation->min, activation->max) + memory->zero_point;
    const int32_t last = (filter + 1) * memory->steps - 1;
    if (memory->bytes == 1) {
        memory->state[last] = (int8_t)value;
    } else {
        int16_t *const wide = (void *)memory->state;
        wide[last] = (int16_t)value;
    }
}

/* Features of two filters. Not inlined: among the caller's variables the loop does not keep its own in registers. */
static __attribute__((noinline)) arm_nn_sums_2 arm_nn_svdf_features(
    const int8_t *input, int32_t input_offset, const int8_t *weights, int32_t step, int32_t depth)
{
    const arm_nn_sums_2 none = {0, 0};
    return arm_nn_dot_2_s8(input, input_offset, weights, step, depth, none);
}

/* A filter's memory times its weights of time. */
static inline int32_t arm_nn_svdf_time(const arm_nn_svdf_memory *memory, int32_t filter)
{
    const int32_t first = filter * memory->steps * memory->bytes;
    const int8_t *const state = memory->state + first;
    const int8_t *const weights = memory->weights + first;
    if (memory->bytes == 1) {
        const arm_nn_sums_2 none = {0, 0};
        return arm_nn_dot_2_s8(state, -memory->zero_point, weights, 0, memory->steps, none).sum_0;
    }
    return arm_nn_short_dot_s16_s16((const void *)state, (const void *)weights, memory->steps);
}

/* Sums of `rank` neighbouring filters and the bias of the unit, requantized. */
static inline void arm_nn_svdf_units(const int32_t *filters,
                                     const cmsis_nn_svdf_params *svdf_params,
                                     const cmsis_nn_per_tensor_quant_params *quant_params,
                                     const int32_t *bias,
                                     const cmsis_nn_dims *output_dims,
                                     int8_t *output)
{
    const arm_nn_requantization requantization = {.multiplier = &quant_params->multiplier,
                                                  .shift = &quant_params->shift,
                                                  .output_offset = svdf_params->output_offset,
                                                  .activation_min = svdf_params->output_activation.min,
                                                  .activation_max = svdf_params->output_activation.max};
    for (int32_t batch = 0; batch < output_dims->n; batch++) {
        for (int32_t unit = 0; unit < output_dims->h; unit++) {
            int32_t sum = bias ? bias[unit] : 0;
            for (int32_t i = svdf_params->rank; i > 0; i--) {
                sum = arm_nn_wrapping_add(sum, *filters++);
            }
            *output++ = arm_nn_output(sum, &requantization, 0);
        }
    }
}

/* One batch: its filters' features go into the state, their products with the weights of time to `sums`. */
static inline void arm_nn_svdf_filters(const int8_t *input,
                                       const int8_t *weights_feature,
                                       int32_t depth,
                                       const cmsis_nn_svdf_params *svdf_params,
                                       const cmsis_nn_per_tensor_quant_params *quant_params,
                                       const arm_nn_svdf_memory *memory,
                                       int32_t *sums)
{
    /* Copies, so that writing the state is seen not to change them. */
    const arm_nn_svdf_memory own = *memory;
    const cmsis_nn_per_tensor_quant_params scale = *quant_params;
    const cmsis_nn_activation limits = svdf_params->input_activation;
    const int32_t input_offset = -svdf_params->input_offset;
    for (int32_t filter = 0; filter < own.filters; filter += 2) {
        /* An odd last filter is paired with itself. */
        const int32_t next = filter + 1 < own.filters;
        const int8_t *const weights = weights_feature + filter * depth;
        const arm_nn_sums_2 both = arm_nn_svdf_features(input, input_offset, weights, next * depth, depth);
        arm_nn_svdf_put(&own, filter, both.sum_0, &scale, &limits);
        arm_nn_svdf_put(&own, filter + next, both.sum_1, &scale, &limits);
    }
    for (int32_t filter = 0; filter < own.filters; filter++) {
        sums[filter] = arm_nn_svdf_time(&own, filter);
    }
}

/* All batches; `sums` has room for one of each batch and filter. */
static inline void arm_nn_svdf_step(const cmsis_nn_svdf_params *svdf_params,
                                    const cmsis_nn_per_tensor_quant_params *quant_params,
                                    const cmsis_nn_dims *input_dims,
                                    const int8_t *input,
                                    const int8_t *weights_feature,
                                    arm_nn_svdf_memory memory,
                                    int32_t *sums)
{
    const int32_t batch_bytes = memory.filters * memory.steps * memory.bytes;
    /* All memories at once: the entry that follows the last of one is overwritten then. */
    memmove(memory.state, memory.state + memory.bytes, (size_t)(input_dims->n * batch_bytes - memory.bytes));
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        arm_nn_svdf_filters(input, weights_feature, input_dims->h, svdf_params, quant_params, &memory, sums);
        input += input_dims->h;
        sums += memory.filters;
        memory.state += batch_bytes;
    }
}

#endif
