/* SPDX-License-Identifier: MIT */
/* PAD of elements of any size: each output element is looked at alone. */

#include "mcusim_elements.h"
#include "mcusim_functions.h"

/* One axis: sizes of the input and the output, and the elements added before the input. */
typedef struct {
    int32_t input;
    int32_t before;
    int32_t output;
} pad_axis;

static inline int32_t inside(int32_t index, const pad_axis *axis)
{
    return index >= axis->before && index < axis->before + axis->input;
}

static inline __attribute__((always_inline)) void
pad(const uint8_t *input, const pad_axis *axes, const void *pad_value, int32_t bytes, uint8_t *output)
{
    const int32_t end = axes[0].before + axes[0].input;
    for (int32_t i = 0; i < axes[0].output; i++) {
        for (int32_t j = 0; j < axes[1].output; j++) {
            for (int32_t k = 0; k < axes[2].output; k++) {
                for (int32_t l = 0; l < axes[3].output; l++) {
                    for (int32_t m = 0; m < axes[4].output; m++, output += bytes) {
                        if (i >= axes[0].before && i < end && inside(j, &axes[1]) && inside(k, &axes[2]) &&
                            inside(l, &axes[3]) && inside(m, &axes[4])) {
                            mcusim_move(output, input, bytes);
                            input += bytes;
                        } else {
                            mcusim_move(output, pad_value, bytes);
                        }
                    }
                }
            }
        }
    }
}

static __attribute__((noinline)) void
pad_by_size(const uint8_t *input, const pad_axis *axes, const void *pad_value, int32_t element_bytes, uint8_t *output)
{
    MCUSIM_BY_SIZE(element_bytes, pad(input, axes, pad_value, BYTES, output))
}

void mcusim_pad(const void *input,
                const int32_t *sizes,
                const int32_t *before,
                const int32_t *output_sizes,
                const void *pad_value,
                int32_t element_bytes,
                void *output)
{
    pad_axis axes[MCUSIM_DIMS];
    for (int32_t axis = 0; axis < MCUSIM_DIMS; axis++) {
        axes[axis] = (pad_axis){sizes[axis], before[axis], output_sizes[axis]};
    }
    pad_by_size(input, axes, pad_value, element_bytes, output);
}
