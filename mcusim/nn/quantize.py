"""QUANTIZE and DEQUANTIZE: float32 and int8 elements → int8 and float32 elements of another quantization."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import int64, jit, requantize_and_clamp


@jit
def quantize_f32_s8(input: NDArray[np.float32], scale: float, zero_point: int, output: NDArray[np.int8]) -> None:
    """QUANTIZE of flat float32: clamp(round(input / scale) + zero_point, −128, 127).

    The division is one of float32 by float32, the rounding to nearest, halves away from zero. Where TFLM leaves the
    behaviour undefined (|input / scale| beyond int32), the result is the nearer limit; NaN becomes the zero point, as
    Arm's float to int conversion gives 0.
    """
    for index in range(input.size):
        quotient: float = np.float64(input[index] / np.float32(scale))
        if math.isnan(quotient):
            quotient = 0.0
        quotient = min(max(quotient, -1024.0), 1024.0)
        magnitude = math.floor(abs(quotient) + 0.5)
        rounded = magnitude if quotient > 0 else -magnitude
        output[index] = min(max(rounded + zero_point, -128), 127)


@jit
def requantize_s8(
    input: NDArray[np.int8],
    input_offset: int,
    multiplier: int,
    shift: int,
    output_offset: int,
    output: NDArray[np.int8],
) -> None:
    """QUANTIZE of flat int8: clamp(requantize(input + input_offset, multiplier, shift) + output_offset, −128, 127).

    input_offset is minus the input's zero point, output_offset the output's zero point; multiplier and shift come
    from input_scale / output_scale as doubles.
    """
    for index in range(input.size):
        value = input[index] + input_offset
        output[index] = requantize_and_clamp(value, multiplier, shift, output_offset, int64(-128), int64(127))


@jit
def dequantize_s8_f32(input: NDArray[np.int8], scale: float, zero_point: int, output: NDArray[np.float32]) -> None:
    """DEQUANTIZE of flat int8: scale · (input − zero_point), rounded to float32 once."""
    for index in range(input.size):
        output[index] = scale * (input[index] - zero_point)
