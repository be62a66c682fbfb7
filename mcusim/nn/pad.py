"""PAD: an int8 tensor → the same with a border of one value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit


@jit
def pad_s8(
    input: NDArray[np.int8],
    pre_pad: NDArray[np.int32],
    post_pad: NDArray[np.int32],
    pad_value: int,
    output: NDArray[np.int8],
) -> None:
    """Copy input[n, h, w, c] into output, pre_pad[axis] elements of pad_value before it and post_pad[axis] after it."""
    batches, height, width, channels = output.shape
    for n in range(batches):
        for y in range(height):
            for x in range(width):
                for c in range(channels):
                    inside_n = pre_pad[0] <= n < batches - post_pad[0]
                    inside_y = pre_pad[1] <= y < height - post_pad[1]
                    inside_x = pre_pad[2] <= x < width - post_pad[2]
                    inside_c = pre_pad[3] <= c < channels - post_pad[3]
                    if inside_n and inside_y and inside_x and inside_c:
                        output[n, y, x, c] = input[n - pre_pad[0], y - pre_pad[1], x - pre_pad[2], c - pre_pad[3]]
                    else:
                        output[n, y, x, c] = pad_value
