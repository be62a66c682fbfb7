"""SOFTMAX: int8 rows → int8 rows of probabilities, scale 1/256 and zero point −128."""

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
)

# The sum of exponentials is Q12.19: TFLite's kAccumulationIntegerBits.
ACCUMULATION_BITS = 12
DIFFERENCE_BITS = 5


@jit
def softmax_s8(input: NDArray[np.int8], mult: int, shift: int, diff_min: int, output: NDArray[np.int8]) -> None:
    """Softmax of each row of input[rows, row_size] into output[rows, row_size].

    mult, shift and diff_min (≤ 0) are those of fixedpoint.softmax_scaling: differences to the row's maximum become
    Q5.26; elements further below it than diff_min give −128 and are left out of the sum. The reciprocal of the sum is
    normalized to [1/2, 1) and computed by one_over_one_plus_x.
    """
    rows, row_size = input.shape
    exps = np.empty(row_size, np.int64)
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
        while (total << headroom) < 1 << 31:
            headroom += 1
        reciprocal = one_over_one_plus_x((total << headroom) - (1 << 31))
        # From Q0.31 divided by the normalized sum to 1/256: the sum's integer bits and the output's 8.
        exponent = ACCUMULATION_BITS - headroom + 31 - 8
        for index in range(row_size):
            probability = divide_by_power_of_two(doubling_high_mult(reciprocal, exps[index]), exponent)
            output[row, index] = min(probability - 128, 127)
