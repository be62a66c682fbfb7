"""ABS, RSQRT and L2_NORMALIZATION: integers → their magnitudes, inverse square roots and normalized rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import inverse_square_root, jit, requantize, requantize_and_clamp

# RSQRT keeps its intermediate result with so many bits behind the point; L2_NORMALIZATION's output has 7.
RSQRT_BITS = 20
NORMALIZED_BITS = 7


@jit
def absolute(
    input: NDArray[np.signedinteger],
    input_offset: int,
    output_offset: int,
    multiplier: int,
    shift: int,
    least: int,
    greatest: int,
    output: NDArray[np.signedinteger],
) -> None:
    """ABS of flat int8 or int16 arrays, requantized: input_offset is minus the input's zero point."""
    for index in range(input.size):
        value = abs(input[index] + input_offset)
        output[index] = requantize_and_clamp(value, multiplier, shift, output_offset, least, greatest)


@jit
def rsqrt(
    input: NDArray[np.signedinteger],
    input_offset: int,
    output_offset: int,
    multiplier: int,
    shift: int,
    least: int,
    greatest: int,
    output: NDArray[np.signedinteger],
) -> None:
    """RSQRT of flat int8 or int16 arrays; 0 gives the greatest output.

    multiplier and shift are those of 1 / (sqrt(input scale) · output scale). Negative values, at which TFLM gives up,
    count as 1.
    """
    for index in range(input.size):
        value = input[index] + input_offset
        if value == 0:
            output[index] = greatest
            continue
        inverse, inverse_shift = inverse_square_root(value)
        root = requantize(1, inverse, inverse_shift + RSQRT_BITS)
        output[index] = requantize_and_clamp(root, multiplier, shift - RSQRT_BITS, output_offset, least, greatest)


@jit
def l2_normalization_s8(input: NDArray[np.int8], zero_point: int, output: NDArray[np.int8]) -> None:
    """Each row of input[rows, row_size] divided by the root of its sum of squares; the output has scale 1/128.

    zero_point is the input's (subtracted).
    """
    rows, row_size = input.shape
    for row in range(rows):
        total = 0
        for index in range(row_size):
            value = input[row, index] - zero_point
            total += value * value
        multiplier, shift = inverse_square_root(total)
        for index in range(row_size):
            value = requantize(input[row, index] - zero_point, multiplier, shift + NORMALIZED_BITS)
            output[row, index] = min(max(value, -128), 127)
