/* SPDX-License-Identifier: MIT */
/*
 * AVERAGE_POOL_2D of elements of any integer type, in two ways: the including file defines AVGPOOL_VALUE, their type,
 * and AVGPOOL_FUNCTION, the name of the function; with AVGPOOL_SUMS the sums of a pixel's channels are kept in the
 * scratch buffer, without it each channel is summed up alone.
 */

#include "arm_nn_window.h"
#include "arm_nnfunctions.h"

#ifdef AVGPOOL_SUMS

static inline void add_pixel(int32_t *sums, const AVGPOOL_VALUE *pixel, int32_t channels)
{
    for (int32_t channel = 0; channel < channels; channel++) {
        sums[channel] += pixel[channel];
    }
}

/* Sums of all channels over the window. */
static inline void window_sums(const AVGPOOL_VALUE *input,
                               const arm_nn_pool_window *window,
                               const cmsis_nn_dims *input_dims,
                               int32_t *sums)
{
    const int32_t channels = input_dims->c;
    memset(sums, 0, (size_t)channels * sizeof(int32_t));
    for (int32_t y = window->rows.first; y < window->rows.last; y++) {
        for (int32_t x = window->columns.first; x < window->columns.last; x++) {
            const int32_t position = (window->top + y) * input_dims->w + window->left + x;
            add_pixel(sums, input + position * channels, channels);
        }
    }
}

#else

/* Sum over the window of the channel that `input` points to. */
static inline int32_t window_sum(const AVGPOOL_VALUE *input,
                                 const arm_nn_pool_window *window,
                                 const cmsis_nn_dims *input_dims)
{
    int32_t sum = 0;
    for (int32_t y = window->rows.first; y < window->rows.last; y++) {
        for (int32_t x = window->columns.first; x < window->columns.last; x++) {
            sum += input[((window->top + y) * input_dims->w + window->left + x) * input_dims->c];
        }
    }
    return sum;
}

#endif

arm_cmsis_nn_status AVGPOOL_FUNCTION(const cmsis_nn_context *ctx,
                                     const cmsis_nn_pool_params *pool_params,
                                     const cmsis_nn_dims *input_dims,
                                     const AVGPOOL_VALUE *input_data,
                                     const cmsis_nn_dims *filter_dims,
                                     const cmsis_nn_dims *output_dims,
                                     AVGPOOL_VALUE *output_data)
{
    const int32_t channels = input_dims->c;
#ifdef AVGPOOL_SUMS
    int32_t *const sums = ctx->buf;
    if (sums == NULL) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
#else
    (void)ctx;
#endif
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t pixel = 0; pixel < output_dims->h * output_dims->w; pixel++) {
            const arm_nn_pool_window window =
                arm_nn_pool_at(pixel, pool_params, input_dims, filter_dims, output_dims);
            const int32_t count = arm_nn_pool_count(&window);
            if (count == 0) {
                return ARM_CMSIS_NN_ARG_ERROR;
            }
#ifdef AVGPOOL_SUMS
            window_sums(input_data, &window, input_dims, sums);
#endif
            for (int32_t channel = 0; channel < channels; channel++) {
#ifdef AVGPOOL_SUMS
                const int32_t sum = sums[channel];
#else
                const int32_t sum = window_sum(input_data + channel, &window, input_dims);
#endif
                *output_data++ = (AVGPOOL_VALUE)arm_nn_clamp(arm_nn_mean(sum, count),
                                                             pool_params->activation.min,
                                                             pool_params->activation.max);
            }
        }
        input_data += input_dims->h * input_dims->w * channels;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
