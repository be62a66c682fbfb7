/* SPDX-License-Identifier: MIT */
/* MAX_POOL_2D pixel by pixel: the output holds the running maximum of each channel. */

#include "arm_nn_window.h"
#include "arm_nnfunctions.h"

static inline void maximum_with_pixel(int8_t *output, const int8_t *pixel, int32_t channels)
{
    for (int32_t channel = 0; channel < channels; channel++) {
        output[channel] = (int8_t)arm_nn_max(output[channel], pixel[channel]);
    }
}

arm_cmsis_nn_status arm_max_pool_s8(const cmsis_nn_context *ctx,
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
            memset(output_data, INT8_MIN, (size_t)channels);
            for (int32_t y = window.rows.first; y < window.rows.last; y++) {
                for (int32_t x = window.columns.first; x < window.columns.last; x++) {
                    const int32_t position = (window.top + y) * input_dims->w + window.left + x;
                    maximum_with_pixel(output_data, input_data + position * channels, channels);
                }
            }
            for (int32_t channel = 0; channel < channels; channel++, output_data++) {
                *output_data =
                    (int8_t)arm_nn_clamp(*output_data, pool_params->activation.min, pool_params->activation.max);
            }
        }
        input_data += input_dims->h * input_dims->w * channels;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
