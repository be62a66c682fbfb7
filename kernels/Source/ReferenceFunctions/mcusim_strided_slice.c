/* SPDX-License-Identifier: MIT */
/* SLICE and STRIDED_SLICE: neighbours along the last axis are written together, other elements one by one. */

#include "mcusim_elements.h"
#include "mcusim_functions.h"

typedef struct {
    const uint8_t *input;
    int32_t element_bytes;
    int32_t row; /* elements from the beginning to the end of the last axis */
    uint8_t *output;
} writer;

/* A call for each write, as TensorFlow Lite Micro's writer of the output has it. */
static __attribute__((noinline)) void write(writer *to, int32_t offset_bytes, int32_t count)
{
    const int32_t size = count * to->element_bytes;
    memcpy(to->output, to->input + offset_bytes, (size_t)size);
    to->output += size;
}

/* One axis of the input: its size, and the indices that are taken; of the last axis in bytes. */
typedef struct {
    int32_t size;
    int32_t begin;
    int32_t end;
    int32_t stride;
} slice_axis;

static inline int32_t goes_on(int32_t index, const slice_axis *axis)
{
    return axis->stride > 0 ? index < axis->end : index > axis->end;
}

static inline void write_row(writer *to, int32_t row, const slice_axis *axis)
{
    if (axis->stride == to->element_bytes) {
        write(to, row + axis->begin, to->row);
        return;
    }
    for (int32_t m = axis->begin; goes_on(m, axis); m += axis->stride) {
        write(to, row + m, 1);
    }
}

static __attribute__((noinline)) void slice(writer *to, const slice_axis *axes)
{
    for (int32_t i = axes[0].begin; goes_on(i, &axes[0]); i += axes[0].stride) {
        for (int32_t j = axes[1].begin; goes_on(j, &axes[1]); j += axes[1].stride) {
            for (int32_t k = axes[2].begin; goes_on(k, &axes[2]); k += axes[2].stride) {
                for (int32_t l = axes[3].begin; goes_on(l, &axes[3]); l += axes[3].stride) {
                    const int32_t matrix = (i * axes[1].size + j) * axes[2].size + k;
                    write_row(to, (matrix * axes[3].size + l) * axes[4].size, &axes[4]);
                }
            }
        }
    }
}

void mcusim_strided_slice(const void *input,
                          const int32_t *sizes,
                          const int32_t *begin,
                          const int32_t *end,
                          const int32_t *strides,
                          int32_t element_bytes,
                          void *output)
{
    writer to = {input, element_bytes, end[4] - begin[4], output};
    slice_axis axes[MCUSIM_DIMS];
    for (int32_t axis = 0; axis < MCUSIM_DIMS; axis++) {
        const int32_t unit = axis == MCUSIM_DIMS - 1 ? element_bytes : 1;
        axes[axis] = (slice_axis){sizes[axis] * unit, begin[axis] * unit, end[axis] * unit, strides[axis] * unit};
    }
    slice(&to, axes);
}
