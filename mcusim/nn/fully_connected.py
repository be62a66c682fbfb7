"""FULLY_CONNECTED: rows times int8 (or unpacked int4) weights → requantized rows, of int8 or of int16."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, inner, int64, jit, requantize_and_clamp, requantize_s64


@inner
def _accumulate(
    row: NDArray[np.int8], weights: NDArray[np.int8], bias: int, input_offset: int, filter_offset: int
) -> int:
    """Dot product of two int8 vectors, each with its offset, plus the bias; wraps around in int32."""
    acc = bias
    for index in range(row.size):
        acc += (row[index] + input_offset) * (weights[index] + filter_offset)
    return as_int32(acc)


@jit
def fully_connected_s8(
    input: NDArray[np.int8],
    filter: NDArray[np.int8],
    bias: NDArray[np.int32],
    multiplier: int,
    shift: int,
    input_offset: int,
    filter_offset: int,
    output_offset: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Multiply input[n, k] by filter[o, k] into output[n, o], one multiplier and shift for all.

    bias is int32[o] (zeros for a missing bias); input_offset and filter_offset are minus the zero points,
    output_offset is the output's zero point. requantize rounds twice: TFLM's result, which LiteRT's single rounding
    misses by 1 in a few per cent of the elements.
    """
    for n in range(output.shape[0]):
        for out_ch in range(output.shape[1]):
            acc = _accumulate(input[n], filter[out_ch], bias[out_ch], input_offset, filter_offset)
            output[n, out_ch] = requantize_and_clamp(
                acc, multiplier, shift, output_offset, activation_min, activation_max
            )


@jit
def fully_connected_per_channel_s8(
    input: NDArray[np.int8],
    filter: NDArray[np.int8],
    bias: NDArray[np.int32],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    input_offset: int,
    filter_offset: int,
    output_offset: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Multiply input[n, k] by filter[o, k] into output[n, o]; multiplier and shift are int32[o], one an output channel.

    The other parameters are those of fully_connected_s8.
    """
    for n in range(output.shape[0]):
        for out_ch in range(output.shape[1]):
            acc = _accumulate(input[n], filter[out_ch], bias[out_ch], input_offset, filter_offset)
            output[n, out_ch] = requantize_and_clamp(
                acc, int64(multiplier[out_ch]), int64(shift[out_ch]), output_offset, activation_min, activation_max
            )


@jit
def fully_connected_s16(
    input: NDArray[np.int16],
    filter: NDArray[np.int8],
    bias: NDArray[np.int64],
    multiplier: int,
    shift: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int16],
) -> None:
    """Multiply input[n, k] by filter[o, k] into output[n, o] with 64-bit sums, rounded once (requantize_s64).

    bias is int64[o] (zeros for a missing bias); int16 has no zero points.
    """
    for n in range(output.shape[0]):
        for out_ch in range(output.shape[1]):
            acc = bias[out_ch]
            for index in range(input.shape[1]):
                acc += input[n, index] * int(filter[out_ch, index])
            output[n, out_ch] = min(max(requantize_s64(acc, multiplier, shift), activation_min), activation_max)
