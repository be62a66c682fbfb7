"""Reductions: a tensor → its mean, sum or extremes over some axes, or where those are; running sums along an axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, jit, requantize, requantize_and_clamp

Integers = NDArray[np.int8] | NDArray[np.int16]


@jit
def _steps(input: Integers, reduced: NDArray[np.int32]) -> tuple[int, int, int, int]:
    """Outputs between neighbours of each of four axes, 0 along a reduced one; the others keep their order."""
    _, height, width, channels = input.shape
    keep_n, keep_h, keep_w, keep_c = 1 - reduced[0], 1 - reduced[1], 1 - reduced[2], 1 - reduced[3]
    step_w = channels if keep_c else 1
    step_h = step_w * (width if keep_w else 1)
    step_n = step_h * (height if keep_h else 1)
    return step_n * keep_n, step_h * keep_h, step_w * keep_w, keep_c


@jit
def _mean(
    input: Integers,
    reduced: NDArray[np.int32],
    input_zero_point: int,
    multiplier: int,
    shift: int,
    output_zero_point: int,
    activation_min: int,
    activation_max: int,
    output: Integers,
) -> None:
    """MEAN of input[n, h, w, c] over the axes with reduced[axis] = 1 (int32[4], 0 elsewhere) into flat output.

    With `count` the product of the reduced dimensions, each of the prod(kept dimensions) outputs, in row-major order
    of the kept axes, is

        clamp(requantize(sum − input_zero_point · count, multiplier, shift) + output_zero_point)

    where sum is an int32 over the stored values, requantize rounds twice, and the limits are those of the type.
    `multiplier` and `shift` have the division by count folded in: fixedpoint.fold_count(*quantize_multiplier(
    input_scale / output_scale), count), the scales as doubles; a SUM has them without it. Zero points are as stored in
    the model (subtracted and added, not offsets).

    Source: TFLite's QuantizedMeanOrSum, which TFLM uses for every int8 MEAN, whatever the axes, keep_dims and scales;
    tests compare it with LiteRT's reference kernel. Tensors of fewer dimensions are extended with 1 in front.
    """
    batches, height, width, channels = input.shape
    step_n, step_h, step_w, step_c = _steps(input, reduced)
    sums = np.zeros(output.size, np.int32)
    for n in range(batches):
        for y in range(height):
            for x in range(width):
                first = n * step_n + y * step_h + x * step_w
                for c in range(channels):
                    sums[first + c * step_c] += input[n, y, x, c]
    count = input.size // output.size
    for index in range(output.size):
        centred = as_int32(sums[index] - input_zero_point * count)
        output[index] = requantize_and_clamp(
            centred, multiplier, shift, output_zero_point, activation_min, activation_max
        )


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
    """MEAN of int8."""
    _mean(input, reduced, input_zero_point, multiplier, shift, output_zero_point, -128, 127, output)


@jit
def mean_s16(
    input: NDArray[np.int16],
    reduced: NDArray[np.int32],
    input_zero_point: int,
    multiplier: int,
    shift: int,
    output_zero_point: int,
    output: NDArray[np.int16],
) -> None:
    """MEAN of int16."""
    _mean(input, reduced, input_zero_point, multiplier, shift, output_zero_point, -32768, 32767, output)


@jit
def reduce_max_s8(input: NDArray[np.int8], reduced: NDArray[np.int32], sign: int, output: NDArray[np.int8]) -> None:
    """REDUCE_MAX (sign 1) or REDUCE_MIN (−1) of input[n, h, w, c] over the axes with reduced[axis] = 1."""
    batches, height, width, channels = input.shape
    step_n, step_h, step_w, step_c = _steps(input, reduced)
    output[:] = -128 if sign > 0 else 127
    for n in range(batches):
        for y in range(height):
            for x in range(width):
                for c in range(channels):
                    place = n * step_n + y * step_h + x * step_w + c * step_c
                    if sign * input[n, y, x, c] > sign * output[place]:
                        output[place] = input[n, y, x, c]


@jit
def arg_max_s8(input: NDArray[np.int8], sign: int, output: NDArray[np.int32]) -> None:
    """ARG_MAX (sign 1) or ARG_MIN (−1) of input[outer, axis, inner] into output[outer, inner]: the first of equals."""
    for outer in range(output.shape[0]):
        for inner in range(output.shape[1]):
            best = 0
            for index in range(input.shape[1]):
                if sign * input[outer, index, inner] > sign * input[outer, best, inner]:
                    best = index
            output[outer, inner] = best


@jit
def cumsum_s8(
    input: NDArray[np.int8],
    exclusive: bool,
    reverse: bool,
    input_offset: int,
    input_mult: int,
    input_shift: int,
    left_shift: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    output: NDArray[np.int8],
) -> None:
    """CUMSUM of input[outer, axis, inner] along the middle axis.

    Each input plus its offset is shifted left and requantized as in elementwise_add_s8, the running sum (int32, wraps
    around) requantized to the output. An exclusive sum leaves out the element itself; a reverse one runs backwards.
    Each sum begins with the offset itself, rescaled: so does TFLite's, which takes it for a quantized 0.
    """
    size = input.shape[1]
    start = requantize(input_offset << left_shift, input_mult, input_shift)
    for outer in range(input.shape[0]):
        for inner in range(input.shape[2]):
            total = start
            for count in range(size):
                index = size - 1 - count if reverse else count
                scaled = requantize((input[outer, index, inner] + input_offset) << left_shift, input_mult, input_shift)
                after = as_int32(total + scaled)
                output[outer, index, inner] = requantize_and_clamp(
                    total if exclusive else after, out_mult, out_shift, out_offset, -128, 127
                )
                total = after
