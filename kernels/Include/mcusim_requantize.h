/* SPDX-License-Identifier: MIT */
/* QUANTIZE of integers to another scale or type. */

#ifndef MCUSIM_REQUANTIZE_H
#define MCUSIM_REQUANTIZE_H

#include "mcusim_functions.h"
#include "mcusim_scale.h"

/* Defines a function (input, input_offset, multiplier, shift, output_offset, size, output) for two types. */
#define MCUSIM_REQUANTIZE(function, input_type, output_type, least, greatest)                                     \
    void function(const input_type *input,                                                                        \
                  int32_t input_offset,                                                                           \
                  int32_t multiplier,                                                                             \
                  int32_t shift,                                                                                  \
                  int32_t output_offset,                                                                          \
                  int32_t size,                                                                                   \
                  output_type *output)                                                                            \
    {                                                                                                             \
        for (int32_t index = 0; index < size; index++) {                                                          \
            const int32_t value = arm_nn_wrapping_add((int32_t)input[index], input_offset);                       \
            const int32_t scaled = mcusim_scale(value, multiplier, shift);                                        \
            output[index] = (output_type)mcusim_offset_output(scaled, output_offset, least, greatest);            \
        }                                                                                                         \
    }

#endif
