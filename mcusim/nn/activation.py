"""Activations as operators of their own: integers → RELU, LEAKY_RELU, LOGISTIC, TANH and the like of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import (
    as_int32,
    divide_by_power_of_two,
    doubling_high_mult_s16,
    int64,
    jit,
    logistic,
    requantize,
    requantize_and_clamp,
    sigmoid_by_table,
    tanh,
    tanh_by_table,
)


@jit
def relu(
    input: NDArray[np.signedinteger],
    input_offset: int,
    output_offset: int,
    multiplier: int,
    shift: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.signedinteger],
) -> None:
    """RELU of flat int8 or int16 arrays whose scales may differ.

    clamp(requantize(input + input_offset, multiplier, shift) + output_offset, activation_min, activation_max).
    `input_offset` is minus the input's zero point (added, as everywhere in CMSIS-NN), `output_offset` the output's
    zero point; multiplier and shift come from input_scale / output_scale as doubles. TFLM's activation range is
    [max(−128, output zero point), 127] for int8, [0, 32767] for int16.
    """
    for index in range(input.size):
        output[index] = requantize_and_clamp(
            input[index] + input_offset, multiplier, shift, output_offset, activation_min, activation_max
        )


@jit
def relu6(
    input: NDArray[np.signedinteger], activation_min: int, activation_max: int, output: NDArray[np.signedinteger]
) -> None:
    """RELU6 of flat int8 or int16 arrays: clamp(input, activation_min, activation_max), nothing requantized.

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


@jit
def tanh_s8(
    input: NDArray[np.int8],
    zero_point: int,
    range_radius: int,
    multiplier: int,
    left_shift: int,
    output: NDArray[np.int8],
) -> None:
    """TANH of flat int8 arrays, with the parameters of logistic_s8; the output has scale 1/128 and zero point 0."""
    for index in range(input.size):
        centred = input[index] - zero_point
        if centred <= -range_radius:
            output[index] = -128
        elif centred >= range_radius:
            output[index] = 127
        else:
            value = tanh(requantize(centred, multiplier, left_shift))
            output[index] = min(max(divide_by_power_of_two(value, int64(24)), -128), 127)


@jit
def logistic_s16(input: NDArray[np.int16], multiplier: int, left_shift: int, output: NDArray[np.int16]) -> None:
    """LOGISTIC of flat int16 arrays into Q0.15 by interpolation in a table.

    multiplier and left_shift are those of fixedpoint.sigmoid_s16_scaling: input · multiplier / 2**left_shift, rounded
    half up, is in units of 1 / (24 · 512).
    """
    for index in range(input.size):
        output[index] = sigmoid_by_table((input[index] * multiplier + ((1 << left_shift) >> 1)) >> left_shift)


@jit
def tanh_s16(input: NDArray[np.int16], multiplier: int, left_shift: int, output: NDArray[np.int16]) -> None:
    """TANH of flat int16 arrays into Q0.15, with the parameters of logistic_s16."""
    for index in range(input.size):
        output[index] = tanh_by_table((input[index] * multiplier + ((1 << left_shift) >> 1)) >> left_shift)


@jit
def leaky_relu(
    input: NDArray[np.signedinteger],
    input_offset: int,
    output_offset: int,
    identity_multiplier: int,
    identity_shift: int,
    alpha_multiplier: int,
    alpha_shift: int,
    least: int,
    greatest: int,
    output: NDArray[np.signedinteger],
) -> None:
    """LEAKY_RELU of flat int8 or int16 arrays: values from 0 up take the identity's multiplier, others alpha's.

    input_offset is minus the input's zero point, output_offset the output's zero point.
    """
    for index in range(input.size):
        value = input[index] + input_offset
        multiplier, shift = (identity_multiplier, identity_shift) if value >= 0 else (alpha_multiplier, alpha_shift)
        output[index] = requantize_and_clamp(value, multiplier, shift, output_offset, least, greatest)


@jit
def prelu(
    input: NDArray[np.signedinteger],
    alpha: NDArray[np.int8],
    input_offset: int,
    alpha_offset: int,
    identity_multiplier: int,
    identity_shift: int,
    alpha_multiplier: int,
    alpha_shift: int,
    output_offset: int,
    least: int,
    greatest: int,
    output: NDArray[np.signedinteger],
) -> None:
    """PRELU of int8 or int16 arrays of one shape, flat or not: as leaky_relu, alpha a factor of each element."""
    flat, factors, flat_output = input.reshape(-1), alpha.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        value = flat[index] + input_offset
        if value >= 0:
            scaled = requantize(value, identity_multiplier, identity_shift)
        else:
            scaled = requantize(value * (factors[index] + alpha_offset), alpha_multiplier, alpha_shift)
        flat_output[index] = min(max(as_int32(scaled + output_offset), least), greatest)


@jit
def hard_swish_s8(
    input: NDArray[np.int8],
    input_offset: int,
    output_offset: int,
    output_multiplier: int,
    output_exponent: int,
    relu_multiplier: int,
    relu_exponent: int,
    output: NDArray[np.int8],
) -> None:
    """HARD_SWISH of flat int8 arrays, x · min(max(x + 3, 0), 6) / 6, in int16 arithmetic.

    input_offset is minus the input's zero point, output_offset the output's zero point. The multipliers are Q15:
    output_multiplier · 2**output_exponent (≤ 0) brings 128 times the input to the output's scale, relu_multiplier ·
    2**relu_exponent to one where 3 is 32768.
    """
    for index in range(input.size):
        value = (input[index] + input_offset) << 7
        share = value
        if relu_exponent > 0:
            share = min(max(share << (relu_exponent - 1), -32768), 32767)
        share = doubling_high_mult_s16(share, relu_multiplier)
        if relu_exponent > 0:
            share = min(max(share << 1, -32768), 32767)
        # From [−1, 1) to [0, 1): what is above and below is saturated by now.
        share = (divide_by_power_of_two(share, max(-relu_exponent, 0)) + 32768) >> 1
        product = share * doubling_high_mult_s16(value, output_multiplier)
        product = product >> 15 if product >= 0 else -(-product >> 15)
        result = divide_by_power_of_two(product, -output_exponent) + output_offset
        result = ((result + 32768) & 0xFFFF) - 32768  # the sum wraps around in int16
        output[index] = min(max(result, -128), 127)


@jit
def lookup_s8(input: NDArray[np.int8], table: NDArray[np.int8], output: NDArray[np.int8]) -> None:
    """ELU of flat int8 arrays: `table` holds the result for 0 … 127 and behind them those for −128 … −1."""
    for index in range(input.size):
        output[index] = table[input[index] & 0xFF]
