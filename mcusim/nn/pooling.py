"""AVERAGE_POOL_2D and MAX_POOL_2D: int8 feature maps → int8 feature maps of the same scale, window by window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit


@jit
def avgpool_s8(
    input: NDArray[np.int8],
    filter_h: int,
    filter_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Average input[n, h, w, c] over windows into output[n, oh, ow, c]: rounded to nearest, halves away from zero.

    Only elements inside the input count (padding is no part of the mean); every window must hold at least one.
    pad_h and pad_w are the padding above and to the left.
    """
    input_h, input_w, channels = input.shape[1:]
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            y_start = max(out_y * stride_h - pad_h, 0)
            y_end = min(out_y * stride_h - pad_h + filter_h, input_h)
            for out_x in range(output.shape[2]):
                x_start = max(out_x * stride_w - pad_w, 0)
                x_end = min(out_x * stride_w - pad_w + filter_w, input_w)
                count = (y_end - y_start) * (x_end - x_start)
                for ch in range(channels):
                    total = 0
                    for y in range(y_start, y_end):
                        for x in range(x_start, x_end):
                            total += input[n, y, x, ch]
                    magnitude = (abs(total) + count // 2) // count
                    mean = magnitude if total > 0 else -magnitude
                    output[n, out_y, out_x, ch] = min(max(mean, activation_min), activation_max)


@jit
def max_pool_s8(
    input: NDArray[np.int8],
    filter_h: int,
    filter_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Largest element of each window of input[n, h, w, c] into output[n, oh, ow, c]; parameters as in avgpool_s8."""
    input_h, input_w, channels = input.shape[1:]
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            y_start = max(out_y * stride_h - pad_h, 0)
            y_end = min(out_y * stride_h - pad_h + filter_h, input_h)
            for out_x in range(output.shape[2]):
                x_start = max(out_x * stride_w - pad_w, 0)
                x_end = min(out_x * stride_w - pad_w + filter_w, input_w)
                for ch in range(channels):
                    largest = -128
                    for y in range(y_start, y_end):
                        for x in range(x_start, x_end):
                            largest = max(largest, input[n, y, x, ch])
                    output[n, out_y, out_x, ch] = min(max(largest, activation_min), activation_max)
