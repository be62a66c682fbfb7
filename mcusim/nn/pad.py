"""PAD and MIRROR_PAD: a tensor → the same with a border of one value, or of its own elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit


@jit
def pad(input: NDArray[Any], pre_pad: NDArray[np.int32], pad_value: int, output: NDArray[Any]) -> None:
    """Copy input of five dimensions into output, pre_pad[axis] elements of pad_value before it and the others after."""
    size_i, size_j, size_k, size_l, size_m = input.shape
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            for k in range(output.shape[2]):
                for l in range(output.shape[3]):  # noqa: E741
                    for m in range(output.shape[4]):
                        y, x = j - pre_pad[1], k - pre_pad[2]
                        n, z, c = i - pre_pad[0], l - pre_pad[3], m - pre_pad[4]
                        inside = 0 <= n < size_i and 0 <= y < size_j and 0 <= x < size_k
                        if inside and 0 <= z < size_l and 0 <= c < size_m:
                            output[i, j, k, l, m] = input[n, y, x, z, c]
                        else:
                            output[i, j, k, l, m] = pad_value


@jit
def _mirrored(index: int, before: int, size: int, reflection: int) -> int:
    """The element of an axis of `size` elements that stands at `index` behind `before` mirrored ones."""
    inside = index - before
    if inside < 0:
        return reflection - 1 - inside
    return inside if inside < size else 2 * size - 1 - reflection - inside


@jit
def mirror_pad(input: NDArray[Any], pre_pad: NDArray[np.int32], reflection: int, output: NDArray[Any]) -> None:
    """Copy input of five dimensions into output, mirrored pre_pad[axis] elements before it and the others after.

    A reflection (1) leaves out the edge that a symmetry (0) repeats.
    """
    size_i, size_j, size_k, size_l, size_m = input.shape
    for i in range(output.shape[0]):
        n = _mirrored(i, pre_pad[0], size_i, reflection)
        for j in range(output.shape[1]):
            y = _mirrored(j, pre_pad[1], size_j, reflection)
            for k in range(output.shape[2]):
                x = _mirrored(k, pre_pad[2], size_k, reflection)
                for l in range(output.shape[3]):  # noqa: E741
                    z = _mirrored(l, pre_pad[3], size_l, reflection)
                    for m in range(output.shape[4]):
                        output[i, j, k, l, m] = input[n, y, x, z, _mirrored(m, pre_pad[4], size_m, reflection)]
