"""Comparisons and logical operators: two arrays of one shape → a bool for each pair of elements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit, requantize


@jit
def equal(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """EQUAL: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] == input_2[index]


@jit
def not_equal(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """NOT_EQUAL: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] != input_2[index]


@jit
def less(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """LESS: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] < input_2[index]


@jit
def less_equal(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """LESS_EQUAL: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] <= input_2[index]


@jit
def greater(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """GREATER: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] > input_2[index]


@jit
def greater_equal(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """GREATER_EQUAL: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] >= input_2[index]


@jit
def logical_and(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """LOGICAL_AND: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] and input_2[index]


@jit
def logical_or(input_1: NDArray[np.generic], input_2: NDArray[np.generic], output: NDArray[np.bool_]) -> None:
    """LOGICAL_OR: flat arrays of one size and type."""
    for index in range(output.size):
        output[index] = input_1[index] or input_2[index]


@jit
def logical_not(input: NDArray[np.bool_], output: NDArray[np.bool_]) -> None:
    """LOGICAL_NOT of a flat array."""
    for index in range(output.size):
        output[index] = not input[index]


@jit
def rescaled(
    input: NDArray[np.int8], offset: int, multiplier: int, shift: int, left_shift: int, output: NDArray[np.int32]
) -> None:
    """The values that comparisons of flat int8 arrays compare: (input + offset) · 2**left_shift, requantized.

    offset is minus the zero point; multiplier and shift are the scale's, left_shift is 8.
    """
    for index in range(output.size):
        output[index] = requantize((input[index] + offset) << left_shift, multiplier, shift)
