"""Reductions: an int8 tensor → its mean over some axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, int64, jit, requantize_and_clamp


@jit
def mean_s8(
    input: NDArray[np.int8],
    reduced: NDArray[np.int32],
    input_zero_point: int,
    multiplier: int,
    shift: int,
    output_zero_point: int,
    output: NDArray[np.int8],
) -> None:
    """MEAN of input[n, h, w, c] over the axes with reduced[axis] = 1 (int32[4], 0 elsewhere) into flat output.

    With `count` the product of the reduced dimensions, each of the prod(kept dimensions) outputs, in row-major order
    of the kept axes, is

        clamp(requantize(sum − input_zero_point · count, multiplier, shift) + output_zero_point, −128, 127)

    where sum is an int32 over the stored int8 values and requantize rounds twice. `multiplier` and `shift` have the
    division by count folded in: fixedpoint.fold_count(*quantize_multiplier(input_scale / output_scale), count), the
    scales as doubles. Zero points are as stored in the model (subtracted and added, not offsets).

    Source: TFLite's QuantizedMeanOrSum, which TFLM uses for every int8 MEAN, whatever the axes, keep_dims and scales;
    tests compare it with LiteRT's reference kernel. Tensors of fewer dimensions are extended with 1 in front.
    """
    batches, height, width, channels = input.shape
    keep_n, keep_h, keep_w, keep_c = 1 - reduced[0], 1 - reduced[1], 1 - reduced[2], 1 - reduced[3]
    stride_w = channels if keep_c else 1
    stride_h = stride_w * (width if keep_w else 1)
    stride_n = stride_h * (height if keep_h else 1)
    sums = np.zeros(output.size, np.int32)
    for n in range(batches):
        for y in range(height):
            for x in range(width):
                first = n * keep_n * stride_n + y * keep_h * stride_h + x * keep_w * stride_w
                for c in range(channels):
                    sums[first + c * keep_c] += input[n, y, x, c]
    count = input.size // output.size
    for index in range(output.size):
        centred = as_int32(sums[index] - input_zero_point * count)
        output[index] = requantize_and_clamp(centred, multiplier, shift, output_zero_point, int64(-128), int64(127))
