"""SOFTMAX: int8 or int16 rows → rows of probabilities, of the whole range of int8 or int16, or from 0 up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import (
    as_int32,
    divide_by_power_of_two,
    doubling_high_mult,
    exp_on_negative_values,
    int64,
    jit,
    one_over_one_plus_x,
    requantize,
)

# The sum of exponentials is Q12.19: TFLite's kAccumulationIntegerBits.
ACCUMULATION_BITS = 12
DIFFERENCE_BITS = 5


@jit
def softmax_s8(input: NDArray[np.int8], mult: int, shift: int, diff_min: int, output: NDArray[np.int8]) -> None:
    """Softmax of each row of input[rows, row_size] into output[rows, row_size], scale 1/256 and zero point −128.

    mult, shift and diff_min (≤ 0) are those of fixedpoint.softmax_scaling: differences to the row's maximum become
    Q5.26; elements further below it than diff_min give −128 and are left out of the sum. The reciprocal of the sum is
    normalized to [1/2, 1) and computed by one_over_one_plus_x.
    """
    _softmax(input, mult, shift, diff_min, 8, output)


@jit
def softmax_s8_s16(input: NDArray[np.int8], mult: int, shift: int, diff_min: int, output: NDArray[np.int16]) -> None:
    """As softmax_s8, into int16 of scale 1/65536 and zero point −32768."""
    _softmax(input, mult, shift, diff_min, 16, output)


@jit
def _softmax(
    input: NDArray[np.int8],
    mult: int,
    shift: int,
    diff_min: int,
    output_bits: int,
    output: NDArray[np.signedinteger],
) -> None:
    rows, row_size = input.shape
    exps = np.empty(row_size, np.int64)
    lowest = -(1 << output_bits - 1)
    for row in range(rows):
        largest = -128
        for index in range(row_size):
            largest = max(largest, input[row, index])
        total = 0
        for index in range(row_size):
            difference = input[row, index] - largest
            exps[index] = 0
            if difference >= diff_min:
                scaled = doubling_high_mult(as_int32(difference << shift), mult)
                exps[index] = exp_on_negative_values(scaled, int64(DIFFERENCE_BITS))
            total += divide_by_power_of_two(exps[index], int64(ACCUMULATION_BITS))
        headroom = 0
        while 0 < (total << headroom) < 1 << 31:
            headroom += 1
        reciprocal = one_over_one_plus_x((total << headroom) - (1 << 31)) if total else 0
        # From Q0.31 divided by the normalized sum to the output: the sum's integer bits and the output's.
        exponent = ACCUMULATION_BITS - headroom + 31 - output_bits
        for index in range(row_size):
            probability = divide_by_power_of_two(doubling_high_mult(reciprocal, exps[index]), exponent)
            output[row, index] = min(probability + lowest, -1 - lowest)


@jit
def softmax_s16(
    input: NDArray[np.int16],
    mult: int,
    shift: int,
    exp_lut: NDArray[np.int16],
    one_by_one_lut: NDArray[np.int16],
    output: NDArray[np.int16],
) -> None:
    """Softmax of each row of input[rows, row_size] into output[rows, row_size], Q0.15.

    mult and shift make differences to the row's maximum multiples of 10 / 65535; the tables of 513 entries are those
    of fixedpoint.softmax_tables: exp over −10 … 0 and 1 / (1 + x) over 0 … 1.
    """
    rows, row_size = input.shape
    for row in range(rows):
        largest = -32768
        for index in range(row_size):
            largest = max(largest, input[row, index])
        total = 0
        for index in range(row_size):
            scaled = requantize(input[row, index] - largest, mult, shift)
            exponential = look_up(exp_lut, min(max(as_int32(scaled + 32767), -32768), 32767))
            output[row, index] = exponential
            total += exponential
        bits = 0
        while total >> bits:
            bits += 1
        # The sum is normalized to [1, 2) as Q1.16; the table wants what it is above 1, over the whole int16 range.
        normalized = ((total << (31 - bits)) + (1 << 13)) >> 14
        reciprocal = look_up(one_by_one_lut, min(max(normalized - (3 << 15), -32768), 32767))
        right_shift = bits - 1
        for index in range(row_size):
            probability = (output[row, index] * reciprocal + (1 << (right_shift - 1))) >> right_shift
            output[row, index] = min(max(probability, 0), 32767)


@jit
def look_up(table: NDArray[np.int16], value: int) -> int:
    """A function's int16 value from its table of 512 equal steps over the int16 range, interpolated between two."""
    step = 256 + (value >> 7)
    base = np.int64(table[step])
    rise: int = ((table[step + 1] - base) * (value & 0x7F) + (1 << 6)) >> 7
    return int(base + rise)
