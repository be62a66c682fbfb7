/* SPDX-License-Identifier: MIT */
/* TRANSPOSE_CONV of int16: each product is added to a 64-bit sum of its output; indices are checked at each product. */

#include "mcusim_functions.h"

#include "arm_nnsupportfunctions.h"

typedef struct {
    const cmsis_nn_dims *input_dims;
    const int16_t *input;
    const cmsis_nn_dims *filter_dims;
    const int8_t *filter;
    const cmsis_nn_dims *output_dims;
    int64_t *sums;
} operands;

/* Adds the products of one input element with one position of the filters to the outputs at (y, x). */
static inline void add_position(const operands *of,
                                int32_t batch,
                                int32_t in_y,
                                int32_t in_x,
                                int32_t in_c,
                                int32_t ky,
                                int32_t kx,
                                int32_t y,
                                int32_t x)
{
    if (y < 0 || y >= of->output_dims->h || x < 0 || x >= of->output_dims->w) {
        return;
    }
    for (int32_t out_c = 0; out_c < of->output_dims->c; out_c++) {
        const int64_t value = of->input[mcusim_nn_index(of->input_dims, batch, in_y, in_x, in_c)];
        const int64_t weight = of->filter[mcusim_nn_index(of->filter_dims, out_c, ky, kx, in_c)];
        of->sums[mcusim_nn_index(of->output_dims, batch, y, x, out_c)] += value * weight;
    }
}

/* Adds the products of one input element, whose first output is at (top, left). */
static inline void add_element(
    const operands *of, int32_t batch, int32_t in_y, int32_t in_x, int32_t in_c, int32_t top, int32_t left)
{
    for (int32_t ky = 0; ky < of->filter_dims->h; ky++) {
        for (int32_t kx = 0; kx < of->filter_dims->w; kx++) {
            add_position(of, batch, in_y, in_x, in_c, ky, kx, top + ky, left + kx);
        }
    }
}

static void add_products(const operands *of, const cmsis_nn_transpose_conv_params *transpose_conv_params)
{
    const cmsis_nn_tile *const stride = &transpose_conv_params->stride;
    const cmsis_nn_tile *const padding = &transpose_conv_params->padding;
    const cmsis_nn_dims *const dims = of->input_dims;
    for (int32_t batch = 0; batch < dims->n; batch++) {
        for (int32_t y = 0; y < dims->h; y++) {
            for (int32_t x = 0; x < dims->w; x++) {
                for (int32_t c = 0; c < dims->c; c++) {
                    add_element(of, batch, y, x, c, y * stride->h - padding->h, x * stride->w - padding->w);
                }
            }
        }
    }
}

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
                                              int16_t *output_data)
{
    (void)bias_dims;
    const int32_t outputs = output_dims->n * output_dims->h * output_dims->w;
    const operands of = {input_dims, input_data, filter_dims, filter_data, output_dims, ctx->buf};
    const arm_nn_requantization requantization = {.multiplier = quant_params->multiplier,
                                                  .shift = quant_params->shift,
                                                  .activation_min = transpose_conv_params->activation.min,
                                                  .activation_max = transpose_conv_params->activation.max};
    memset(of.sums, 0, (size_t)(outputs * output_dims->c) * sizeof(int64_t));
    add_products(&of, transpose_conv_params);
    const int64_t *sum = of.sums;
    for (int32_t pixel = 0; pixel < outputs; pixel++) {
        for (int32_t channel = 0; channel < output_dims->c; channel++) {
            const int64_t bias = bias_data ? bias_data[channel] : 0;
            *output_data++ = arm_nn_output_s64(arm_nn_wrapping_add_s64(*sum++, bias), &requantization, channel);
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
