"""CONCATENATION: one int8 input → its columns of the output."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit


@jit
def concatenation_s8(input: NDArray[np.int8], offset: int, output: NDArray[np.int8]) -> None:
    """Copy input[outer, inner] into columns offset … offset + inner of output[outer, total].

    outer is the product of the dimensions before the axis; inner and total are those of the axis and after it.
    """
    for outer in range(input.shape[0]):
        for inner in range(input.shape[1]):
            output[outer, offset + inner] = input[outer, inner]
