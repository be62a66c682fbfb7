"""RESHAPE: int8 elements → the same elements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit


@jit
def reshape_s8(input: NDArray[np.int8], output: NDArray[np.int8]) -> None:
    """Copy a flat input to a flat output of the same size; a shape is nothing but an interpretation."""
    for index in range(input.size):
        output[index] = input[index]
