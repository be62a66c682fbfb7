/* SPDX-License-Identifier: MIT */
/* AVERAGE_POOL_2D pixel by pixel: the sums of all channels are kept in the scratch buffer. */

#include "arm_nn_window.h"
#include "arm_nnfunctions.h"

static inline void add_pixel(int32_t *sums, const int8_t *pixel, int32_t channels)
{
    for (int32_t channel = 0; channel < channels; channel++) {
        sums[channel] += pixel[channel];
    }
}

arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_pool_params *pool_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *input_data,
                                   const cmsis_nn_dims *filter_dims,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *output_data)
{
    const int32_t channels = input_dims->c;
    int32_t *const sums = ctx->buf;
    if (sums == NULL) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t pixel = 0; pixel < output_dims->h * output_dims->w; pixel++) {
            const arm_nn_pool_window window =
                arm_nn_pool_at(pixel, pool_params, input_dims, filter_dims, output_dims);
            const int32_t count = arm_nn_pool_count(&window);
            if (count == 0) {
                return ARM_CMSIS_NN_ARG_ERROR;
            }
            memset(sums, 0, (size_t)channels * sizeof(int32_t));
            for (int32_t y = window.rows.first; y < window.rows.last; y++) {
                for (int32_t x = window.columns.first; x < window.columns.last; x++) {
                    const int32_t position = (window.top + y) * input_dims->w + window.left + x;
                    add_pixel(sums, input_data + position * channels, channels);
                }
            }
            for (int32_t channel = 0; channel < channels; channel++) {
                *output_data++ = (int8_t)arm_nn_clamp(arm_nn_mean(sums[channel], count),
                                                      pool_params->activation.min,
                                                      pool_params->activation.max);
            }
        }
        input_data += input_dims->h * input_dims->w * channels;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
