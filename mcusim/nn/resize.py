"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR: feature maps → feature maps of another height and width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit

FRACTION_BITS = 10  # of positions and weights in RESIZE_BILINEAR (TFLite, ResizeBilinearInteger)


@jit
def _nearest(index: int, input_size: int, output_size: int, align_corners: bool, half_pixel_centers: bool) -> int:
    """The input index of an output index, every step rounded to float32 (TFLite, GetNearestNeighbor)."""
    if align_corners and output_size > 1:
        scale = np.float32(input_size - 1) / np.float32(output_size - 1)
    else:
        scale = np.float32(input_size) / np.float32(output_size)
    position = (np.float32(index) + np.float32(0.5 if half_pixel_centers else 0.0)) * scale
    whole = int(position)
    if align_corners and position - np.float32(whole) >= np.float32(0.5):
        whole += 1
    return min(whole, input_size - 1)


@jit
def resize_nearest_neighbor(
    input: NDArray[Any], align_corners: bool, half_pixel_centers: bool, output: NDArray[Any]
) -> None:
    """Choose a pixel of input[n, h, w, c] for each of output[n, oh, ow, c]."""
    height, width = input.shape[1:3]
    for n in range(output.shape[0]):
        for h in range(output.shape[1]):
            y = _nearest(h, height, output.shape[1], align_corners, half_pixel_centers)
            for w in range(output.shape[2]):
                x = _nearest(w, width, output.shape[2], align_corners, half_pixel_centers)
                for c in range(output.shape[3]):
                    output[n, h, w, c] = input[n, y, x, c]


@jit
def bilinear_scale(input_size: int, output_size: int, align_corners: bool) -> int:
    """Input positions an output position in 1/1024, rounded half up (TFLite, ResizeBilinearInteger)."""
    one = 1 << FRACTION_BITS
    if align_corners and output_size > 1:
        return (one * (input_size - 1) + (output_size - 1) // 2) // (output_size - 1)
    return (one * input_size + output_size // 2) // output_size


@jit
def bilinear_neighbours(index: int, input_size: int, scale: int, half_pixel_centers: bool) -> tuple[int, int, int]:
    """Lower and upper neighbour of an output index, and the upper one's weight in 1/1024, from its `bilinear_scale`.

    The weight may lie outside of 0 … 1024 where both are the same element, at the edges.
    """
    one = 1 << FRACTION_BITS
    position = index * scale
    if half_pixel_centers:
        position += scale // 2 - one // 2
    lower = max(position, 0) // one
    return lower, min((position + one - 1) // one, input_size - 1), position - one * lower


@jit
def resize_bilinear_s8(
    input: NDArray[np.int8], align_corners: bool, half_pixel_centers: bool, output: NDArray[np.int8]
) -> None:
    """Interpolate input[n, h, w, c] in output[n, oh, ow, c]: the weighted sum over 2**20, halves away from zero."""
    height, width = input.shape[1:3]
    one = 1 << FRACTION_BITS
    half = 1 << (2 * FRACTION_BITS - 1)
    scale_h = bilinear_scale(height, output.shape[1], align_corners)
    scale_w = bilinear_scale(width, output.shape[2], align_corners)
    for n in range(output.shape[0]):
        for h in range(output.shape[1]):
            top, bottom, weight_h = bilinear_neighbours(h, height, scale_h, half_pixel_centers)
            for w in range(output.shape[2]):
                left, right, weight_w = bilinear_neighbours(w, width, scale_w, half_pixel_centers)
                for c in range(output.shape[3]):
                    upper = input[n, top, left, c] * (one - weight_w) + input[n, top, right, c] * weight_w
                    lower = input[n, bottom, left, c] * (one - weight_w) + input[n, bottom, right, c] * weight_w
                    total = upper * (one - weight_h) + lower * weight_h
                    magnitude = (abs(total) + half) >> (2 * FRACTION_BITS)
                    output[n, h, w, c] = magnitude if total > 0 else -magnitude
