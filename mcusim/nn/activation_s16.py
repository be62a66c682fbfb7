"""Sigmoid and tanh of int16 numbers → Q0.15, from a table of 256 points and lines between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit

# The points of TensorFlow Lite's table (sigmoid_table_uint16) that are 1 above sigmoid(i / 24) · 2**16, rounded to
# nearest and at most 65535.
_ABOVE = (4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46,
          49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255)  # fmt: skip


def _sigmoid_table() -> NDArray[np.int64]:
    exact = 65536 / (1 + np.exp(-np.arange(256) / 24))
    table = np.minimum(np.floor(exact + 0.5), 65535).astype(np.int64)
    table[list(_ABOVE)] += 1
    return table


SIGMOID_TABLE = _sigmoid_table()


@jit
def _argument(value: int, left_shift: int) -> int:
    """An int16 whose unit is 2**(left_shift − 12), times 3: 24 · 512 of these are 1."""
    if left_shift >= 0:
        return value * (3 << left_shift)
    return (value * 3 + (1 << (-left_shift - 1))) >> -left_shift


@jit
def _between_points(magnitude: int, fraction_bits: int, beyond: int) -> int:
    index = magnitude >> fraction_bits
    if index >= 255:
        return beyond << fraction_bits
    low = SIGMOID_TABLE[index]
    fraction = magnitude & ((1 << fraction_bits) - 1)
    return (low << fraction_bits) + fraction * (SIGMOID_TABLE[index + 1] - low)


@jit
def sigmoid_s16(value: int, left_shift: int) -> int:
    """1 / (1 + exp(−x)) as Q0.15 of an int16 whose unit is 2**(left_shift − 12)."""
    argument = _argument(value, left_shift)
    result = _between_points(abs(argument), 9, 0x7FFF << 1)
    if argument < 0:
        return ((1 << 25) - result + (1 << 9) - 1) >> 10
    return (result + (1 << 9)) >> 10


@jit
def tanh_s16(value: int, left_shift: int) -> int:
    """tanh(x) as Q0.15 of an int16 whose unit is 2**(left_shift − 12): twice the sigmoid of 2 · x, less 1."""
    argument = _argument(value, left_shift)
    result = _between_points(abs(argument), 8, 0xFFFF) - (1 << 23)
    if argument < 0:
        return (-result + (1 << 7) - 1) >> 8
    return (result + (1 << 7)) >> 8
