/* SPDX-License-Identifier: MIT */
/* MIRROR_PAD: each output element is found in the input by dividing its index by the sizes of the axes. */

#include "mcusim_elements.h"
#include "mcusim_functions.h"

/* The input index along an axis; a reflection (1) leaves out the edge that a symmetry (0) repeats. */
static inline int32_t mirrored(int32_t index, int32_t before, int32_t size, int32_t reflection)
{
    const int32_t inside = index - before;
    if (inside < 0) {
        return reflection - 1 - inside;
    }
    return inside < size ? inside : 2 * size - 1 - reflection - inside;
}

static inline __attribute__((always_inline)) void mirror_pad(const uint8_t *input,
                                                             const int32_t *sizes,
                                                             const int32_t *before,
                                                             const int32_t *output_sizes,
                                                             int32_t reflection,
                                                             int32_t bytes,
                                                             uint8_t *output)
{
    int32_t elements = 1;
    for (int32_t axis = 0; axis < MCUSIM_DIMS; axis++) {
        elements *= output_sizes[axis];
    }
    for (int32_t index = 0; index < elements; index++, output += bytes) {
        int32_t rest = index;
        int32_t position = 0;
        int32_t step = 1;
        for (int32_t axis = MCUSIM_DIMS - 1; axis >= 0; axis--) {
            position += step * mirrored(rest % output_sizes[axis], before[axis], sizes[axis], reflection);
            rest /= output_sizes[axis];
            step *= sizes[axis];
        }
        mcusim_move(output, input + position * bytes, bytes);
    }
}

void mcusim_mirror_pad(const void *input,
                       const int32_t *sizes,
                       const int32_t *before,
                       const int32_t *output_sizes,
                       int32_t reflection,
                       int32_t element_bytes,
                       void *output)
{
    MCUSIM_BY_SIZE(element_bytes, mirror_pad(input, sizes, before, output_sizes, reflection, BYTES, output))
}
