/* SPDX-License-Identifier: MIT */
/* CONV_2D of any kind, straight from its definition, without the DSP extension. */

#include "arm_convolve.h"

/* One window: where it starts in the input, which may be outside, and the input channels of its group. */
typedef struct {
    const int8_t *input;
    int32_t top;
    int32_t left;
} window;

static inline int32_t window_sum(const window *window,
                                 const int8_t *filter,
                                 const cmsis_nn_conv_params *conv_params,
                                 const cmsis_nn_dims *input_dims,
                                 const cmsis_nn_dims *filter_dims)
{
    int32_t sum = 0;
    for (int32_t ky = 0; ky < filter_dims->h; ky++) {
        const int32_t y = window->top + ky * conv_params->dilation.h;
        for (int32_t kx = 0; kx < filter_dims->w; kx++, filter += filter_dims->c) {
            const int32_t x = window->left + kx * conv_params->dilation.w;
            if (y >= 0 && y < input_dims->h && x >= 0 && x < input_dims->w) {
                const int8_t *pixel = window->input + (y * input_dims->w + x) * input_dims->c;
                for (int32_t channel = 0; channel < filter_dims->c; channel++) {
                    sum += (pixel[channel] + conv_params->input_offset) * filter[channel];
                }
            }
        }
    }
    return sum;
}

arm_cmsis_nn_status arm_convolve_s8(const cmsis_nn_context *ctx,
                                    const cmsis_nn_conv_params *conv_params,
                                    const cmsis_nn_per_channel_quant_params *quant_params,
                                    const cmsis_nn_dims *input_dims,
                                    const int8_t *input_data,
                                    const cmsis_nn_dims *filter_dims,
                                    const int8_t *filter_data,
                                    const cmsis_nn_dims *bias_dims,
                                    const int32_t *bias_data,
                                    const cmsis_nn_dims *upscale_dims,
                                    const cmsis_nn_dims *output_dims,
                                    int8_t *output_data)
{
    (void)ctx;
    (void)bias_dims;
    if (upscale_dims != NULL || input_dims->c % filter_dims->c != 0) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const arm_nn_requantization requantization = arm_convolve_requantization(conv_params, quant_params, 0);
    const int32_t channels_of_group = output_dims->c / (input_dims->c / filter_dims->c);
    const int32_t filter_size = filter_dims->h * filter_dims->w * filter_dims->c;
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t pixel = 0; pixel < output_dims->h * output_dims->w; pixel++) {
            window window = {.input = input_data};
            window.top = pixel / output_dims->w * conv_params->stride.h - conv_params->padding.h;
            window.left = pixel % output_dims->w * conv_params->stride.w - conv_params->padding.w;
            for (int32_t channel = 0; channel < output_dims->c; channel++) {
                window.input = input_data + channel / channels_of_group * filter_dims->c;
                const int8_t *filter = filter_data + channel * filter_size;
                const int32_t sum = window_sum(&window, filter, conv_params, input_dims, filter_dims);
                *output_data++ = arm_nn_output(sum + (bias_data ? bias_data[channel] : 0), &requantization, channel);
            }
        }
        input_data += input_dims->h * input_dims->w * input_dims->c;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
