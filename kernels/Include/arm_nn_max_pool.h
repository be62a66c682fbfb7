/* SPDX-License-Identifier: MIT */
/*
 * MAX_POOL_2D pixel by pixel: the output holds the running maximum of each channel. The including file defines
 * MAX_POOL_VALUE, the type of the elements, MAX_POOL_FUNCTION, the name of the function, and fill_with_least.
 */

#include "arm_nn_window.h"
#include "arm_nnfunctions.h"

static inline void maximum_with_pixel(MAX_POOL_VALUE *output, const MAX_POOL_VALUE *pixel, int32_t channels)
{
    for (int32_t channel = 0; channel < channels; channel++) {
        output[channel] = (MAX_POOL_VALUE)arm_nn_max(output[channel], pixel[channel]);
    }
}

arm_cmsis_nn_status MAX_POOL_FUNCTION(const cmsis_nn_context *ctx,
                                      const cmsis_nn_pool_params *pool_params,
                                      const cmsis_nn_dims *input_dims,
                                      const MAX_POOL_VALUE *input_data,
                                      const cmsis_nn_dims *filter_dims,
                                      const cmsis_nn_dims *output_dims,
                                      MAX_POOL_VALUE *output_data)
{
    (void)ctx;
    const int32_t channels = input_dims->c;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t pixel = 0; pixel < output_dims->h * output_dims->w; pixel++) {
            const arm_nn_pool_window window =
                arm_nn_pool_at(pixel, pool_params, input_dims, filter_dims, output_dims);
            fill_with_least(output_data, channels);
            for (int32_t y = window.rows.first; y < window.rows.last; y++) {
                for (int32_t x = window.columns.first; x < window.columns.last; x++) {
                    const int32_t position = (window.top + y) * input_dims->w + window.left + x;
                    maximum_with_pixel(output_data, input_data + position * channels, channels);
                }
            }
            for (int32_t channel = 0; channel < channels; channel++, output_data++) {
                *output_data = (MAX_POOL_VALUE)arm_nn_clamp(
                    *output_data, pool_params->activation.min, pool_params->activation.max);
            }
        }
        input_data += input_dims->h * input_dims->w * channels;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
