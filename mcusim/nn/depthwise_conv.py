"""DEPTHWISE_CONV_2D: int8 or int16 feature maps, filters of one channel → feature maps, requantized per channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, int64, jit, requantize_and_clamp, requantize_s64_and_clamp


@jit
def _accumulate(
    image: NDArray[np.integer],
    weights: NDArray[np.int8],
    ch_mult: int,
    top: int,
    left: int,
    dilation_h: int,
    dilation_w: int,
    input_offset: int,
    acc: NDArray[np.int64],
) -> None:
    """Add weights[kh, kw, oc] times image[h, w, c] from (top, left) on to acc[oc]."""
    height, width = image.shape[:2]
    for ker_y in range(weights.shape[0]):
        y = top + ker_y * dilation_h
        if y < 0 or y >= height:
            continue
        for ker_x in range(weights.shape[1]):
            x = left + ker_x * dilation_w
            if x < 0 or x >= width:
                continue
            for out_ch in range(weights.shape[2]):
                acc[out_ch] += (image[y, x, out_ch // ch_mult] + input_offset) * weights[ker_y, ker_x, out_ch]


@jit
def depthwise_conv_s8(
    input: NDArray[np.int8],
    filter: NDArray[np.int8],
    bias: NDArray[np.int32],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    ch_mult: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    input_offset: int,
    output_offset: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int8],
) -> None:
    """Convolve each channel of input[n, h, w, c] with ch_mult filters of its own into output[n, oh, ow, c · ch_mult].

    The filter is [1, kh, kw, c · ch_mult]: output channel c · ch_mult + m reads input channel c. The other parameters
    are those of convolve_s8, int4 weights included. The int32 accumulator wraps around; requantize rounds twice.
    """
    acc = np.empty(filter.shape[3], np.int64)
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            top = out_y * stride_h - pad_h
            for out_x in range(output.shape[2]):
                left = out_x * stride_w - pad_w
                for out_ch in range(acc.size):
                    acc[out_ch] = bias[out_ch]
                _accumulate(input[n], filter[0], ch_mult, top, left, dilation_h, dilation_w, input_offset, acc)
                for out_ch in range(acc.size):
                    output[n, out_y, out_x, out_ch] = requantize_and_clamp(
                        as_int32(acc[out_ch]),
                        int64(multiplier[out_ch]),
                        int64(shift[out_ch]),
                        output_offset,
                        activation_min,
                        activation_max,
                    )


@jit
def depthwise_conv_s16(
    input: NDArray[np.int16],
    filter: NDArray[np.int8],
    bias: NDArray[np.int64],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    ch_mult: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int16],
) -> None:
    """As depthwise_conv_s8 for int16 of zero point 0, with an int64 bias and accumulators of 64 bits."""
    acc = np.empty(filter.shape[3], np.int64)
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            top = out_y * stride_h - pad_h
            for out_x in range(output.shape[2]):
                left = out_x * stride_w - pad_w
                for out_ch in range(acc.size):
                    acc[out_ch] = bias[out_ch]
                _accumulate(input[n], filter[0], ch_mult, top, left, dilation_h, dilation_w, int64(0), acc)
                for out_ch in range(acc.size):
                    output[n, out_y, out_x, out_ch] = requantize_s64_and_clamp(
                        acc[out_ch], int64(multiplier[out_ch]), int64(shift[out_ch]), activation_min, activation_max
                    )
