/* SPDX-License-Identifier: MIT */
/* TRANSPOSE of one to four dimensions: the input is read in order, each element goes to its place in the output. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#define MOST_DIMS 4

arm_cmsis_nn_status arm_transpose_s8(const int8_t *input_data,
                                     int8_t *const output_data,
                                     const cmsis_nn_dims *const input_dims,
                                     const cmsis_nn_dims *const output_dims,
                                     const cmsis_nn_transpose_params *const transpose_params)
{
    const int32_t num_dims = transpose_params->num_dims;
    const int32_t input[MOST_DIMS] = {input_dims->n, input_dims->h, input_dims->w, input_dims->c};
    const int32_t output[MOST_DIMS] = {output_dims->n, output_dims->h, output_dims->w, output_dims->c};
    if (num_dims < 1 || num_dims > MOST_DIMS) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    /* Of the input's axes, right-aligned: sizes, and bytes between neighbours in the output. */
    int32_t sizes[MOST_DIMS] = {1, 1, 1, 1};
    int32_t steps[MOST_DIMS] = {0, 0, 0, 0};
    const int32_t front = MOST_DIMS - num_dims;
    int32_t step = 1;
    for (int32_t axis = num_dims - 1; axis >= 0; axis--) {
        const uint32_t source = transpose_params->permutations[axis];
        if (source >= (uint32_t)num_dims || steps[front + (int32_t)source] != 0 || output[axis] != input[source]) {
            return ARM_CMSIS_NN_ARG_ERROR;
        }
        steps[front + (int32_t)source] = step;
        sizes[front + axis] = input[axis];
        step *= output[axis];
    }
    for (int32_t n = 0; n < sizes[0]; n++) {
        for (int32_t h = 0; h < sizes[1]; h++) {
            for (int32_t w = 0; w < sizes[2]; w++) {
                int8_t *place = output_data + n * steps[0] + h * steps[1] + w * steps[2];
                for (int32_t c = 0; c < sizes[3]; c++, place += steps[3]) {
                    *place = *input_data++;
                }
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
