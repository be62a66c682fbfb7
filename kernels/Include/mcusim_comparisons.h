/* SPDX-License-Identifier: MIT */
/* Reference kernels of comparisons, logical operators, MAXIMUM and MINIMUM: see mcusim_functions.h. */

#ifndef MCUSIM_COMPARISONS_H
#define MCUSIM_COMPARISONS_H

#include <stdbool.h>

#include "arm_nn_types.h"

/* Comparisons of int8: inputs on a common scale by their multipliers and a left_shift of 8. */
arm_cmsis_nn_status mcusim_equal_s8(const cmsis_nn_dims *input_1_dims,
                                    const int8_t *input_1_data,
                                    const cmsis_nn_dims *input_2_dims,
                                    const int8_t *input_2_data,
                                    const int32_t input_1_offset,
                                    const int32_t input_1_mult,
                                    const int32_t input_1_shift,
                                    const int32_t input_2_offset,
                                    const int32_t input_2_mult,
                                    const int32_t input_2_shift,
                                    const int32_t left_shift,
                                    bool *output_data,
                                    const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_not_equal_s8(const cmsis_nn_dims *input_1_dims,
                                        const int8_t *input_1_data,
                                        const cmsis_nn_dims *input_2_dims,
                                        const int8_t *input_2_data,
                                        const int32_t input_1_offset,
                                        const int32_t input_1_mult,
                                        const int32_t input_1_shift,
                                        const int32_t input_2_offset,
                                        const int32_t input_2_mult,
                                        const int32_t input_2_shift,
                                        const int32_t left_shift,
                                        bool *output_data,
                                        const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_less_s8(const cmsis_nn_dims *input_1_dims,
                                   const int8_t *input_1_data,
                                   const cmsis_nn_dims *input_2_dims,
                                   const int8_t *input_2_data,
                                   const int32_t input_1_offset,
                                   const int32_t input_1_mult,
                                   const int32_t input_1_shift,
                                   const int32_t input_2_offset,
                                   const int32_t input_2_mult,
                                   const int32_t input_2_shift,
                                   const int32_t left_shift,
                                   bool *output_data,
                                   const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_less_equal_s8(const cmsis_nn_dims *input_1_dims,
                                         const int8_t *input_1_data,
                                         const cmsis_nn_dims *input_2_dims,
                                         const int8_t *input_2_data,
                                         const int32_t input_1_offset,
                                         const int32_t input_1_mult,
                                         const int32_t input_1_shift,
                                         const int32_t input_2_offset,
                                         const int32_t input_2_mult,
                                         const int32_t input_2_shift,
                                         const int32_t left_shift,
                                         bool *output_data,
                                         const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_greater_s8(const cmsis_nn_dims *input_1_dims,
                                      const int8_t *input_1_data,
                                      const cmsis_nn_dims *input_2_dims,
                                      const int8_t *input_2_data,
                                      const int32_t input_1_offset,
                                      const int32_t input_1_mult,
                                      const int32_t input_1_shift,
                                      const int32_t input_2_offset,
                                      const int32_t input_2_mult,
                                      const int32_t input_2_shift,
                                      const int32_t left_shift,
                                      bool *output_data,
                                      const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_greater_equal_s8(const cmsis_nn_dims *input_1_dims,
                                            const int8_t *input_1_data,
                                            const cmsis_nn_dims *input_2_dims,
                                            const int8_t *input_2_data,
                                            const int32_t input_1_offset,
                                            const int32_t input_1_mult,
                                            const int32_t input_1_shift,
                                            const int32_t input_2_offset,
                                            const int32_t input_2_mult,
                                            const int32_t input_2_shift,
                                            const int32_t left_shift,
                                            bool *output_data,
                                            const cmsis_nn_dims *output_dims);

/* Comparisons of stored values. */
arm_cmsis_nn_status mcusim_equal_s32(const cmsis_nn_dims *input_1_dims,
                                     const int32_t *input_1_data,
                                     const cmsis_nn_dims *input_2_dims,
                                     const int32_t *input_2_data,
                                     bool *output_data,
                                     const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_equal_s64(const cmsis_nn_dims *input_1_dims,
                                     const int64_t *input_1_data,
                                     const cmsis_nn_dims *input_2_dims,
                                     const int64_t *input_2_data,
                                     bool *output_data,
                                     const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_equal_b8(const cmsis_nn_dims *input_1_dims,
                                    const bool *input_1_data,
                                    const cmsis_nn_dims *input_2_dims,
                                    const bool *input_2_data,
                                    bool *output_data,
                                    const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_not_equal_s32(const cmsis_nn_dims *input_1_dims,
                                         const int32_t *input_1_data,
                                         const cmsis_nn_dims *input_2_dims,
                                         const int32_t *input_2_data,
                                         bool *output_data,
                                         const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_not_equal_s64(const cmsis_nn_dims *input_1_dims,
                                         const int64_t *input_1_data,
                                         const cmsis_nn_dims *input_2_dims,
                                         const int64_t *input_2_data,
                                         bool *output_data,
                                         const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_not_equal_b8(const cmsis_nn_dims *input_1_dims,
                                        const bool *input_1_data,
                                        const cmsis_nn_dims *input_2_dims,
                                        const bool *input_2_data,
                                        bool *output_data,
                                        const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_less_s32(const cmsis_nn_dims *input_1_dims,
                                    const int32_t *input_1_data,
                                    const cmsis_nn_dims *input_2_dims,
                                    const int32_t *input_2_data,
                                    bool *output_data,
                                    const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_less_s64(const cmsis_nn_dims *input_1_dims,
                                    const int64_t *input_1_data,
                                    const cmsis_nn_dims *input_2_dims,
                                    const int64_t *input_2_data,
                                    bool *output_data,
                                    const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_less_equal_s32(const cmsis_nn_dims *input_1_dims,
                                          const int32_t *input_1_data,
                                          const cmsis_nn_dims *input_2_dims,
                                          const int32_t *input_2_data,
                                          bool *output_data,
                                          const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_less_equal_s64(const cmsis_nn_dims *input_1_dims,
                                          const int64_t *input_1_data,
                                          const cmsis_nn_dims *input_2_dims,
                                          const int64_t *input_2_data,
                                          bool *output_data,
                                          const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_greater_s32(const cmsis_nn_dims *input_1_dims,
                                       const int32_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int32_t *input_2_data,
                                       bool *output_data,
                                       const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_greater_s64(const cmsis_nn_dims *input_1_dims,
                                       const int64_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int64_t *input_2_data,
                                       bool *output_data,
                                       const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_greater_equal_s32(const cmsis_nn_dims *input_1_dims,
                                             const int32_t *input_1_data,
                                             const cmsis_nn_dims *input_2_dims,
                                             const int32_t *input_2_data,
                                             bool *output_data,
                                             const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_greater_equal_s64(const cmsis_nn_dims *input_1_dims,
                                             const int64_t *input_1_data,
                                             const cmsis_nn_dims *input_2_dims,
                                             const int64_t *input_2_data,
                                             bool *output_data,
                                             const cmsis_nn_dims *output_dims);

/* MAXIMUM and MINIMUM of the types that CMSIS-NN lacks. */
arm_cmsis_nn_status mcusim_maximum_s16(const cmsis_nn_dims *input_1_dims,
                                       const int16_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int16_t *input_2_data,
                                       int16_t *output_data,
                                       const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_maximum_s32(const cmsis_nn_dims *input_1_dims,
                                       const int32_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int32_t *input_2_data,
                                       int32_t *output_data,
                                       const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_maximum_s64(const cmsis_nn_dims *input_1_dims,
                                       const int64_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int64_t *input_2_data,
                                       int64_t *output_data,
                                       const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_minimum_s16(const cmsis_nn_dims *input_1_dims,
                                       const int16_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int16_t *input_2_data,
                                       int16_t *output_data,
                                       const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_minimum_s32(const cmsis_nn_dims *input_1_dims,
                                       const int32_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int32_t *input_2_data,
                                       int32_t *output_data,
                                       const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_minimum_s64(const cmsis_nn_dims *input_1_dims,
                                       const int64_t *input_1_data,
                                       const cmsis_nn_dims *input_2_dims,
                                       const int64_t *input_2_data,
                                       int64_t *output_data,
                                       const cmsis_nn_dims *output_dims);

/* Logical operators. */
arm_cmsis_nn_status mcusim_logical_and_b8(const cmsis_nn_dims *input_1_dims,
                                          const bool *input_1_data,
                                          const cmsis_nn_dims *input_2_dims,
                                          const bool *input_2_data,
                                          bool *output_data,
                                          const cmsis_nn_dims *output_dims);

arm_cmsis_nn_status mcusim_logical_or_b8(const cmsis_nn_dims *input_1_dims,
                                         const bool *input_1_data,
                                         const cmsis_nn_dims *input_2_dims,
                                         const bool *input_2_data,
                                         bool *output_data,
                                         const cmsis_nn_dims *output_dims);

void mcusim_logical_not_b8(const bool *input, int32_t size, bool *output);

#endif
