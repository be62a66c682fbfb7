/* SPDX-License-Identifier: MIT */
/* Functions of two tensors element by element that need no more than a C expression. */

#ifndef MCUSIM_COMPARE_H
#define MCUSIM_COMPARE_H

#include "mcusim_broadcast.h"
#include "mcusim_comparisons.h"
#include "mcusim_scale.h"

/* Defines a function of two tensors of one type by an expression of the elements a and b. */
#define MCUSIM_ELEMENTWISE(function, input_type, output_type, expression)                                         \
    arm_cmsis_nn_status function(const cmsis_nn_dims *input_1_dims,                                               \
                                 const input_type *input_1_data,                                                  \
                                 const cmsis_nn_dims *input_2_dims,                                               \
                                 const input_type *input_2_data,                                                  \
                                 output_type *output_data,                                                        \
                                 const cmsis_nn_dims *output_dims)                                                \
    {                                                                                                             \
        MCUSIM_FOR_EACH(                                                                                          \
            input_1_dims, input_2_dims, output_dims, {                                                            \
                const input_type a = input_1_data[index_1];                                                       \
                const input_type b = input_2_data[index_2];                                                       \
                output_data[index] = (output_type)(expression);                                                   \
            })                                                                                                    \
        return ARM_CMSIS_NN_SUCCESS;                                                                              \
    }

/* Defines a comparison of int8 tensors of different scales: of the rescaled elements a and b. */
#define MCUSIM_COMPARISON_S8(function, expression)                                                                \
    arm_cmsis_nn_status function(const cmsis_nn_dims *input_1_dims,                                               \
                                 const int8_t *input_1_data,                                                      \
                                 const cmsis_nn_dims *input_2_dims,                                               \
                                 const int8_t *input_2_data,                                                      \
                                 const int32_t input_1_offset,                                                    \
                                 const int32_t input_1_mult,                                                      \
                                 const int32_t input_1_shift,                                                     \
                                 const int32_t input_2_offset,                                                    \
                                 const int32_t input_2_mult,                                                      \
                                 const int32_t input_2_shift,                                                     \
                                 const int32_t left_shift,                                                        \
                                 bool *output_data,                                                               \
                                 const cmsis_nn_dims *output_dims)                                                \
    {                                                                                                             \
        const mcusim_scaling scaling_1 = {input_1_offset, input_1_mult, input_1_shift};                           \
        const mcusim_scaling scaling_2 = {input_2_offset, input_2_mult, input_2_shift};                           \
        MCUSIM_FOR_EACH(                                                                                          \
            input_1_dims, input_2_dims, output_dims, {                                                            \
                const int32_t a = mcusim_scale_input(input_1_data[index_1], &scaling_1, left_shift);              \
                const int32_t b = mcusim_scale_input(input_2_data[index_2], &scaling_2, left_shift);              \
                output_data[index] = expression;                                                                  \
            })                                                                                                    \
        return ARM_CMSIS_NN_SUCCESS;                                                                              \
    }

#endif
