"""TRANSPOSE_CONV: int8 or int16 feature maps and int8 filters → larger feature maps, requantized per output channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, jit, requantize_and_clamp, requantize_s64_and_clamp


@jit
def _scatter(
    image: NDArray[np.integer],
    filter: NDArray[np.int8],
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    input_offset: int,
    sums: NDArray[np.int64],
) -> None:
    """Add image[h, w, c] times filter[oc, kh, kw, c] to sums[oh, ow, oc]."""
    input_ch = image.shape[2]
    output_ch, kernel_h, kernel_w, _ = filter.shape
    for in_y in range(image.shape[0]):
        for in_x in range(image.shape[1]):
            for ker_y in range(kernel_h):
                y = in_y * stride_h - pad_h + ker_y
                if y < 0 or y >= sums.shape[0]:
                    continue
                for ker_x in range(kernel_w):
                    x = in_x * stride_w - pad_w + ker_x
                    if x < 0 or x >= sums.shape[1]:
                        continue
                    for out_ch in range(output_ch):
                        acc = 0
                        for ch in range(input_ch):
                            acc += (image[in_y, in_x, ch] + input_offset) * filter[out_ch, ker_y, ker_x, ch]
                        sums[y, x, out_ch] += acc


@jit
def transpose_conv_s8(
    input: NDArray[np.int8],
    filter: NDArray[np.int8],
    bias: NDArray[np.int32],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    input_offset: int,
    output_offset: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Spread input[n, h, w, c] times filter[oc, kh, kw, c] over output[n, oh, ow, oc].

    Input position (y, x) reaches the outputs (y · stride_h − pad_h + ky, x · stride_w − pad_w + kx); what lies outside
    is cut off. The other parameters are those of convolve_s8. The int32 accumulator wraps around; requantize rounds
    twice.
    """
    sums = np.empty(output.shape[1:], np.int64)
    for n in range(output.shape[0]):
        sums[:] = 0
        _scatter(input[n], filter, stride_h, stride_w, pad_h, pad_w, input_offset, sums)
        for y in range(output.shape[1]):
            for x in range(output.shape[2]):
                for ch in range(output.shape[3]):
                    output[n, y, x, ch] = requantize_and_clamp(
                        as_int32(sums[y, x, ch] + bias[ch]),
                        multiplier[ch],
                        shift[ch],
                        output_offset,
                        activation_min,
                        activation_max,
                    )


@jit
def transpose_conv_s16(
    input: NDArray[np.int16],
    filter: NDArray[np.int8],
    bias: NDArray[np.int64],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int16],
) -> None:
    """As transpose_conv_s8 for int16 of zero point 0, with an int64 bias and accumulators of 64 bits."""
    sums = np.empty(output.shape[1:], np.int64)
    for n in range(output.shape[0]):
        sums[:] = 0
        _scatter(input[n], filter, stride_h, stride_w, pad_h, pad_w, 0, sums)
        for y in range(output.shape[1]):
            for x in range(output.shape[2]):
                for ch in range(output.shape[3]):
                    output[n, y, x, ch] = requantize_s64_and_clamp(
                        sums[y, x, ch] + bias[ch], multiplier[ch], shift[ch], activation_min, activation_max
                    )
