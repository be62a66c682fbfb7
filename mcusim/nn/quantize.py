"""QUANTIZE and DEQUANTIZE: float32 and integer elements → integers of another quantization, and float32."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit, requantize_and_clamp


@jit
def quantize_f32(
    input: NDArray[np.float32],
    scale: float,
    zero_point: int,
    least: int,
    greatest: int,
    output: NDArray[np.signedinteger],
) -> None:
    """QUANTIZE of flat float32: clamp(round(input / scale) + zero_point, least, greatest), the limits of the type.

    The division is one of float32 by float32, the rounding to nearest, halves away from zero. Where TFLM leaves the
    behaviour undefined (|input / scale| beyond int32), the result is the nearer limit; NaN becomes the zero point, as
    Arm's float to int conversion gives 0.
    """
    for index in range(input.size):
        quotient: float = np.float64(input[index] / np.float32(scale))
        if math.isnan(quotient):
            quotient = 0.0
        quotient = min(max(quotient, -131072.0), 131072.0)
        magnitude = math.floor(abs(quotient) + 0.5)
        rounded = magnitude if quotient > 0 else -magnitude
        output[index] = min(max(rounded + zero_point, least), greatest)


@jit
def requantize_channels(
    accumulators: NDArray[np.int64],
    multiplier: NDArray[np.int64],
    shift: NDArray[np.int64],
    output_offset: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Accumulators [rows, channels] → output of the same shape; multiplier and shift are one a channel."""
    for row in range(accumulators.shape[0]):
        for channel in range(accumulators.shape[1]):
            output[row, channel] = requantize_and_clamp(
                accumulators[row, channel],
                multiplier[channel],
                shift[channel],
                output_offset,
                activation_min,
                activation_max,
            )


@jit
def requantize_elements(
    input: NDArray[np.integer],
    input_offset: int,
    multiplier: int,
    shift: int,
    output_offset: int,
    least: int,
    greatest: int,
    output: NDArray[np.integer],
) -> None:
    """QUANTIZE of flat integers: clamp(requantize(input + input_offset, multiplier, shift) + output_offset, …).

    input_offset is minus the input's zero point, output_offset the output's zero point; multiplier and shift come
    from input_scale / output_scale as doubles; the limits are those of the output's type.
    """
    for index in range(input.size):
        value = input[index] + input_offset
        output[index] = requantize_and_clamp(value, multiplier, shift, output_offset, least, greatest)


@jit
def dequantize_f32(input: NDArray[np.integer], scale: float, zero_point: int, output: NDArray[np.float32]) -> None:
    """DEQUANTIZE of flat integers: scale · (input − zero_point), rounded to float32 once."""
    for index in range(input.size):
        output[index] = scale * (input[index] - zero_point)
