"""BATCH_MATMUL: two batches of matrices, the right one transposed → their requantized products, int8 or int16."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, jit, requantize_and_clamp, requantize_s64


@jit
def _repeated(index: int, size: int) -> int:
    """The index in a dimension that is repeated where it is 1."""
    return index if size > 1 else 0


@jit
def _dot(lhs: NDArray[Any], lhs_offset: int, rhs: NDArray[Any], rhs_offset: int) -> int:
    acc = 0
    for k in range(lhs.size):
        acc += (lhs[k] + lhs_offset) * (rhs[k] + rhs_offset)
    return acc


@jit
def batch_matmul_s8(
    lhs: NDArray[np.int8],
    rhs: NDArray[np.int8],
    multiplier: int,
    shift: int,
    lhs_offset: int,
    rhs_offset: int,
    output_offset: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Multiply lhs[n, h, i, k] by rhs[n, h, j, k] into output[n, h, i, j]; n and h of 1 are repeated.

    Offsets of the operands are minus their zero points, output_offset is the output's zero point.
    """
    for n, h, i, j in np.ndindex(output.shape):
        row = lhs[_repeated(n, lhs.shape[0]), _repeated(h, lhs.shape[1]), i]
        column = rhs[_repeated(n, rhs.shape[0]), _repeated(h, rhs.shape[1]), j]
        acc = as_int32(_dot(row, lhs_offset, column, rhs_offset))
        output[n, h, i, j] = requantize_and_clamp(acc, multiplier, shift, output_offset, activation_min, activation_max)


@jit
def batch_matmul_s16(
    lhs: NDArray[np.int16],
    rhs: NDArray[np.int16],
    multiplier: int,
    shift: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int16],
) -> None:
    """The same of int16, which has no offsets, with 64-bit sums rounded once (requantize_s64)."""
    for n, h, i, j in np.ndindex(output.shape):
        row = lhs[_repeated(n, lhs.shape[0]), _repeated(h, lhs.shape[1]), i]
        column = rhs[_repeated(n, rhs.shape[0]), _repeated(h, rhs.shape[1]), j]
        scaled = requantize_s64(_dot(row, 0, column, 0), multiplier, shift)
        output[n, h, i, j] = min(max(scaled, activation_min), activation_max)
