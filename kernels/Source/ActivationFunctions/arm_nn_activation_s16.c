/* SPDX-License-Identifier: MIT */
/* Sigmoid and hyperbolic tangent of int16: a table of 256 points and lines between them. */

#include "arm_nnfunctions.h"

/* sigmoid(i / 24) as Q0.16, the points that TensorFlow Lite fixed. */
static const uint16_t sigmoid_table[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064, 42688,
    43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464, 50942, 51409,
    51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433,
    57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110,
    61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186,
    63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308,
    64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
    64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208,
    65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367,
    65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449,
    65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491,
    65493, 65495, 65497, 65498, 65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513,
    65514, 65515, 65516, 65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
    65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535
};

/* Rises by 1 from one point to the next; the points end before 255. */
static inline uint32_t between_points(uint32_t magnitude, int32_t fraction_bits)
{
    const uint32_t index = magnitude >> fraction_bits;
    if (index >= 255) {
        return 0;
    }
    const uint32_t fraction = magnitude & ((1U << fraction_bits) - 1);
    const uint32_t low = sigmoid_table[index];
    return (low << fraction_bits) + fraction * (sigmoid_table[index + 1] - low);
}

/* The sigmoid of value / 24 * 2^-9 as Q0.15. */
static inline int16_t sigmoid(int32_t value)
{
    const uint32_t points = between_points((uint32_t)(value < 0 ? -value : value), 9);
    const uint32_t result = points ? points : 0x7FFFU << 10;
    const uint32_t rounding = 1U << 9;
    return (int16_t)((value >= 0 ? result + rounding : (1U << 25) - result + rounding - 1) >> 10);
}

/* tanh(x) is 2 * sigmoid(2 * x) - 1: the table's points lie half as far apart. */
static inline int16_t tanh_of(int32_t value)
{
    const uint32_t points = between_points((uint32_t)(value < 0 ? -value : value), 8);
    const int32_t result = (int32_t)(points ? points : 0xFFFFU << 8) - (1 << 23);
    const int32_t rounding = 1 << 7;
    return (int16_t)((value >= 0 ? result + rounding : -result + rounding - 1) >> 8);
}

arm_cmsis_nn_status arm_nn_activation_s16(const int16_t *input,
                                          int16_t *output,
                                          const int32_t size,
                                          const int32_t left_shift,
                                          const arm_nn_activation_type type)
{
    /* The factor 3 makes 24 steps to 1 of 2^-12, the unit of an input whose left shift is 0. */
    const int32_t multiplier = left_shift < 0 ? 3 : 3 << left_shift;
    const int32_t right_shift = left_shift < 0 ? -left_shift : 0;
    const int32_t rounding = right_shift > 0 ? 1 << (right_shift - 1) : 0;
    if (type == ARM_SIGMOID) {
        for (int32_t i = 0; i < size; i++) {
            output[i] = sigmoid((input[i] * multiplier + rounding) >> right_shift);
        }
    } else if (type == ARM_TANH) {
        for (int32_t i = 0; i < size; i++) {
            output[i] = tanh_of((input[i] * multiplier + rounding) >> right_shift);
        }
    } else {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
