"""Activations as operators of their own: int8 elements → RELU, RELU6 or LOGISTIC of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import divide_by_power_of_two, int64, jit, logistic, requantize, requantize_and_clamp


@jit
def relu_s8(
    input: NDArray[np.int8],
    input_offset: int,
    output_offset: int,
    multiplier: int,
    shift: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """RELU of flat int8 arrays whose scales may differ.

    clamp(requantize(input + input_offset, multiplier, shift) + output_offset, activation_min, activation_max).
    `input_offset` is minus the input's zero point (added, as everywhere in CMSIS-NN), `output_offset` the output's
    zero point; multiplier and shift come from input_scale / output_scale as doubles. TFLM's activation range is
    [max(−128, output zero point), 127].
    """
    for index in range(input.size):
        output[index] = requantize_and_clamp(
            input[index] + input_offset, multiplier, shift, output_offset, activation_min, activation_max
        )


@jit
def relu6_s8(input: NDArray[np.int8], activation_min: int, activation_max: int, output: NDArray[np.int8]) -> None:
    """RELU6 of flat int8 arrays: clamp(input, activation_min, activation_max), nothing requantized.

    TFLM takes both limits from the input's quantization: activation_min = the zero point, activation_max =
    min(127, zero point + 6 / scale rounded half away from zero), computed in float32.
    """
    for index in range(input.size):
        output[index] = min(max(input[index], activation_min), activation_max)


@jit
def logistic_s8(
    input: NDArray[np.int8],
    zero_point: int,
    range_radius: int,
    multiplier: int,
    left_shift: int,
    output: NDArray[np.int8],
) -> None:
    """LOGISTIC of flat int8 arrays; the output has scale 1/256 and zero point −128.

    `zero_point` is the input's (subtracted). Where |input − zero_point| ≥ range_radius the output is −128 or 127;
    elsewhere the difference becomes Q4.27 by requantize(…, multiplier, left_shift), and the Q0.31 result is divided by
    2**23, halves away from zero. The three parameters are those of fixedpoint.logistic_scaling.
    """
    for index in range(input.size):
        centred = input[index] - zero_point
        if centred <= -range_radius:
            output[index] = -128
        elif centred >= range_radius:
            output[index] = 127
        else:
            probability = logistic(requantize(centred, multiplier, left_shift))
            output[index] = min(divide_by_power_of_two(probability, int64(23)) - 128, 127)
