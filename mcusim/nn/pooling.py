"""AVERAGE_POOL_2D and MAX_POOL_2D: int8 or int16 feature maps → those of the same type and scale, by windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit

Integers = NDArray[np.int8] | NDArray[np.int16]


@jit
def _avgpool(
    input: Integers,
    filter_h: int,
    filter_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    activation_min: int,
    activation_max: int,
    output: Integers,
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
def _max_pool(
    input: Integers,
    filter_h: int,
    filter_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    activation_min: int,
    activation_max: int,
    output: Integers,
) -> None:
    """Largest element of each window of input[n, h, w, c] into output[n, oh, ow, c]; parameters as in _avgpool."""
    input_h, input_w, channels = input.shape[1:]
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            y_start = max(out_y * stride_h - pad_h, 0)
            y_end = min(out_y * stride_h - pad_h + filter_h, input_h)
            for out_x in range(output.shape[2]):
                x_start = max(out_x * stride_w - pad_w, 0)
                x_end = min(out_x * stride_w - pad_w + filter_w, input_w)
                for ch in range(channels):
                    largest = activation_min
                    for y in range(y_start, y_end):
                        for x in range(x_start, x_end):
                            largest = max(largest, input[n, y, x, ch])
                    output[n, out_y, out_x, ch] = min(largest, activation_max)


avgpool_s8 = avgpool_s16 = _avgpool
max_pool_s8 = max_pool_s16 = _max_pool
