/* SPDX-License-Identifier: MIT */
/* CAST between integers, bool and to float32. */

#include "mcusim_functions.h"

/* Loops over each pair of types, with the types as constants. */
#define CAST(input_type, output_type)                                                                                  \
    for (int32_t index = 0; index < size; index++) {                                                                   \
        ((output_type *)output)[index] = (output_type)((const input_type *)input)[index];                              \
    }                                                                                                                  \
    break

#define CAST_FROM(input_type)                                                                                          \
    switch (to) {                                                                                                      \
    case MCUSIM_INT8:                                                                                                  \
        CAST(input_type, int8_t);                                                                                      \
    case MCUSIM_INT16:                                                                                                 \
        CAST(input_type, int16_t);                                                                                     \
    case MCUSIM_INT32:                                                                                                 \
        CAST(input_type, int32_t);                                                                                     \
    case MCUSIM_BOOL:                                                                                                  \
        CAST(input_type, _Bool);                                                                                       \
    case MCUSIM_FLOAT32:                                                                                               \
        CAST(input_type, float);                                                                                       \
    default:                                                                                                           \
        return ARM_CMSIS_NN_ARG_ERROR;                                                                                 \
    }                                                                                                                  \
    break

arm_cmsis_nn_status
mcusim_cast(const void *input, mcusim_type from, mcusim_type to, int32_t size, void *output)
{
    switch (from) {
    case MCUSIM_INT8:
        CAST_FROM(int8_t);
    case MCUSIM_INT16:
        CAST_FROM(int16_t);
    case MCUSIM_INT32:
        CAST_FROM(int32_t);
    case MCUSIM_BOOL:
        CAST_FROM(uint8_t);
    default:
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
