"""MAXIMUM and MINIMUM: two arrays of one shape → the larger or smaller of each pair of elements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit


@jit
def maximum(
    input_1: NDArray[np.signedinteger], input_2: NDArray[np.signedinteger], output: NDArray[np.signedinteger]
) -> None:
    """The larger of each pair; arrays of one shape and integer type, flat or not."""
    flat_1, flat_2, flat_output = input_1.reshape(-1), input_2.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        flat_output[index] = max(flat_1[index], flat_2[index])


@jit
def minimum(
    input_1: NDArray[np.signedinteger], input_2: NDArray[np.signedinteger], output: NDArray[np.signedinteger]
) -> None:
    """The smaller of each pair; arrays of one shape and integer type, flat or not."""
    flat_1, flat_2, flat_output = input_1.reshape(-1), input_2.reshape(-1), output.reshape(-1)
    for index in range(flat_output.size):
        flat_output[index] = min(flat_1[index], flat_2[index])
