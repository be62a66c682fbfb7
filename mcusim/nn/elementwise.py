"""Two arrays of one shape → their requantized sum, product and the like, element by element."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import (
    as_int32,
    jit,
    reciprocal,
    requantize,
    requantize_and_clamp,
)


@jit
def elementwise_add_s8(
    input_1: NDArray[np.signedinteger],
    input_2: NDArray[np.signedinteger],
    input_1_offset: int,
    input_1_mult: int,
    input_1_shift: int,
    input_2_offset: int,
    input_2_mult: int,
    input_2_shift: int,
    left_shift: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    out_activation_min: int,
    out_activation_max: int,
    output: NDArray[np.signedinteger],
) -> None:
    """Add arrays of one shape, flat or not: each input is rescaled to a common scale, the sum to the output's.

    Input offsets are minus the zero points, out_offset is the output's zero point. left_shift is 20 for int8: the
    inputs' shifted values are requantized by multipliers ≤ 1 (half the ratio of their scale to the larger one), and
    requantize rounds twice at each of the three places.
    """
    flat_1, flat_2, flat_output = input_1.reshape(-1), input_2.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        value_1 = (flat_1[index] + input_1_offset) << left_shift
        value_2 = (flat_2[index] + input_2_offset) << left_shift
        total = requantize(value_1, input_1_mult, input_1_shift) + requantize(value_2, input_2_mult, input_2_shift)
        flat_output[index] = requantize_and_clamp(
            as_int32(total), out_mult, out_shift, out_offset, out_activation_min, out_activation_max
        )


@jit
def elementwise_mul_s8(
    input_1: NDArray[np.signedinteger],
    input_2: NDArray[np.signedinteger],
    input_1_offset: int,
    input_2_offset: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    out_activation_min: int,
    out_activation_max: int,
    output: NDArray[np.signedinteger],
) -> None:
    """Multiply arrays of one shape, flat or not, and requantize the product by the scales' ratio.

    Input offsets are minus the zero points, out_offset is the output's zero point.
    """
    flat_1, flat_2, flat_output = input_1.reshape(-1), input_2.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        product = (flat_1[index] + input_1_offset) * (flat_2[index] + input_2_offset)
        flat_output[index] = requantize_and_clamp(
            product, out_mult, out_shift, out_offset, out_activation_min, out_activation_max
        )


@jit
def elementwise_add_s16(
    input_1: NDArray[np.int16],
    input_2: NDArray[np.int16],
    input_1_offset: int,
    input_1_mult: int,
    input_1_shift: int,
    input_2_offset: int,
    input_2_mult: int,
    input_2_shift: int,
    left_shift: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    out_activation_min: int,
    out_activation_max: int,
    output: NDArray[np.int16],
) -> None:
    """As elementwise_add_s8, with a left_shift of 15; like CMSIS-NN's, it does not use the offsets."""
    one, other, result = (0, input_1_mult, input_1_shift), (0, input_2_mult, input_2_shift), (0, out_mult, out_shift)
    limits = out_activation_min, out_activation_max
    elementwise_add_s8(input_1, input_2, *one, *other, left_shift, *result, *limits, output)


@jit
def elementwise_mul_s16(
    input_1: NDArray[np.int16],
    input_2: NDArray[np.int16],
    input_1_offset: int,
    input_2_offset: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    out_activation_min: int,
    out_activation_max: int,
    output: NDArray[np.int16],
) -> None:
    """As elementwise_mul_s8; like CMSIS-NN's, it does not use the offsets."""
    elementwise_mul_s8(input_1, input_2, 0, 0, 0, out_mult, out_shift, out_activation_min, out_activation_max, output)


@jit
def sub(
    input_1: NDArray[np.signedinteger],
    input_2: NDArray[np.signedinteger],
    input_1_offset: int,
    input_1_mult: int,
    input_1_shift: int,
    input_2_offset: int,
    input_2_mult: int,
    input_2_shift: int,
    left_shift: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    out_activation_min: int,
    out_activation_max: int,
    output: NDArray[np.signedinteger],
) -> None:
    """SUB of int8 or int16 arrays of one shape: as elementwise_add_s8, but for the sign of the second."""
    flat_1, flat_2, flat_output = input_1.reshape(-1), input_2.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        value_1 = (flat_1[index] + input_1_offset) << left_shift
        value_2 = (flat_2[index] + input_2_offset) << left_shift
        total = requantize(value_1, input_1_mult, input_1_shift) - requantize(value_2, input_2_mult, input_2_shift)
        flat_output[index] = requantize_and_clamp(
            as_int32(total), out_mult, out_shift, out_offset, out_activation_min, out_activation_max
        )


@jit
def squared_difference(
    input_1: NDArray[np.signedinteger],
    input_2: NDArray[np.signedinteger],
    input_1_offset: int,
    input_1_mult: int,
    input_1_shift: int,
    input_2_offset: int,
    input_2_mult: int,
    input_2_shift: int,
    left_shift: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    out_activation_min: int,
    out_activation_max: int,
    output: NDArray[np.signedinteger],
) -> None:
    """SQUARED_DIFFERENCE of int8 or int16 arrays of one shape: the difference of `sub` on a common scale, squared.

    left_shift is 7 for int8 and 0 for int16, so that the square is an int32.
    """
    flat_1, flat_2, flat_output = input_1.reshape(-1), input_2.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        value_1 = (flat_1[index] + input_1_offset) << left_shift
        value_2 = (flat_2[index] + input_2_offset) << left_shift
        difference = requantize(value_1, input_1_mult, input_1_shift) - requantize(value_2, input_2_mult, input_2_shift)
        flat_output[index] = requantize_and_clamp(
            as_int32(difference * difference), out_mult, out_shift, out_offset, out_activation_min, out_activation_max
        )


@jit
def div_s8(
    input_1: NDArray[np.int8],
    input_2: NDArray[np.int8],
    input_1_offset: int,
    input_2_offset: int,
    out_offset: int,
    out_mult: int,
    out_shift: int,
    out_activation_min: int,
    out_activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """DIV of int8 arrays of one shape: the first times the reciprocal of the second; out_shift ≤ 22.

    The dividend is shifted left as far as an int32 allows. Where TFLM leaves the behaviour undefined the result is the
    nearest: the limit with the dividend's sign for a divisor of 0, and 0 for quotients that would be shifted right by
    more than 31 bits.
    """
    flat_1, flat_2, flat_output = input_1.reshape(-1), input_2.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        dividend, divisor = flat_1[index] + input_1_offset, flat_2[index] + input_2_offset
        if divisor < 0:
            dividend, divisor = -dividend, -divisor
        if divisor == 0:
            flat_output[index] = out_activation_max if dividend >= 0 else out_activation_min
            continue
        inverse, right_shift = reciprocal(divisor)
        headroom = 0
        while headroom < 31 and as_int32(dividend << (headroom + 1)) == dividend << (headroom + 1):
            headroom += 1
        quotient = requantize(dividend, inverse, headroom)
        shift = out_shift - right_shift - headroom
        if dividend == 0 or shift < -31:
            quotient, shift = 0, 0
        flat_output[index] = requantize_and_clamp(
            quotient, out_mult, shift, out_offset, out_activation_min, out_activation_max
        )
