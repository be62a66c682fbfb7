/* SPDarm_nn_finish_s16(((int32_t)pair_1 >> 16) * ((int32_t)pair_2 >> 16), &result)-License-Identifier: MIT */
/* MUL of two int16 vectors; their zero points are 0. */

#include "arm_nn_elementwise.h"
#include "arm_nnfunctions.h"

arm_cmsis_nn_status arm_elementwise_mul_s16(const int16_t *input_1_vect,
                                            const int16_t *input_2_vect,
                                            const int32_t input_1_offset,
                                            const int32_t input_2_offset,
                                            int16_t *output,
                                            const int32_t out_offset,
                                            const int32_t out_mult,
                                            const int32_t out_shift,
                                            const int32_t out_activation_min,
                                            const int32_t out_activation_max,
                                            const int32_t block_size)
{
    (void)input_1_offset;
    (void)input_2_offset;
    (void)out_offset;
    const arm_nn_result result = {out_mult, out_shift, 0, out_activation_min, out_activation_max};
    for (int32_t count = block_size / 2; count > 0; count--) {
        const uint32_t pair_1 = arm_nn_read_pair_s16(input_1_vect);
        const uint32_t pair_2 = arm_nn_read_pair_s16(input_2_vect);
        const int32_t low = arm_nn_finish_s16((int16_t)pair_1 * (int16_t)pair_2, &result);
        const int32_t high = arm_nn_finish_s16(((int32_t)pair_1 >> 16) * ((int32_t)pair_2 >> 16), &result);
        arm_nn_write_pair_s16(output, low, high);
        input_1_vect += 2;
        input_2_vect += 2;
        output += 2;
    }
    if (block_size % 2) {
        *output = (int16_t)arm_nn_finish_s16(*input_1_vect * *input_2_vect, &result);
    }
    return ARM_CMSIS_NN_SUCCESS;
}
