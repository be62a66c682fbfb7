/* SPDX-License-Identifier: MIT */
/* AVERAGE_POOL_2D channel by channel, without scratch. */

#include "arm_nn_window.h"
#include "arm_nnfunctions.h"

/* Sum over the window of the channel that `input` points to. */
static inline int32_t window_sum(const int8_t *input, const arm_nn_pool_window *window, const cmsis_nn_dims *input_dims)
{
    int32_t sum = 0;
    for (int32_t y = window->rows.first; y < window->rows.last; y++) {
        for (int32_t x = window->columns.first; x < window->columns.last; x++) {
            sum += input[((window->top + y) * input_dims->w + window->left + x) * input_dims->c];
        }
    }
    return sum;
}

arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_pool_params *pool_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *input_data,
                                   const cmsis_nn_dims *filter_dims,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *output_data)
{
    (void)ctx;
    const int32_t channels = input_dims->c;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t pixel = 0; pixel < output_dims->h * output_dims->w; pixel++) {
            const arm_nn_pool_window window =
                arm_nn_pool_at(pixel, pool_params, input_dims, filter_dims, output_dims);
            const int32_t count = arm_nn_pool_count(&window);
            if (count == 0) {
                return ARM_CMSIS_NN_ARG_ERROR;
            }
            for (int32_t channel = 0; channel < channels; channel++) {
                const int32_t sum = window_sum(input_data + channel, &window, input_dims);
                *output_data++ = (int8_t)arm_nn_clamp(arm_nn_mean(sum, count),
                                                      pool_params->activation.min,
                                                      pool_params->activation.max);
            }
        }
        input_data += input_dims->h * input_dims->w * channels;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
