"""DEPTHWISE_CONV_2D: int8 feature maps, one filter a channel → int8 feature maps, requantized per channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import int64, jit, requantize_and_clamp


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
    are those of convolve_s8. The int32 accumulator wraps around; requantize rounds twice.
    """
    input_h, input_w = input.shape[1:3]
    kernel_h, kernel_w, output_ch = filter.shape[1:]
    acc = np.empty(output_ch, np.int32)
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            for out_x in range(output.shape[2]):
                for out_ch in range(output_ch):
                    acc[out_ch] = bias[out_ch]
                for ker_y in range(kernel_h):
                    y = out_y * stride_h - pad_h + ker_y * dilation_h
                    if y < 0 or y >= input_h:
                        continue
                    for ker_x in range(kernel_w):
                        x = out_x * stride_w - pad_w + ker_x * dilation_w
                        if x < 0 or x >= input_w:
                            continue
                        for out_ch in range(output_ch):
                            value = input[n, y, x, out_ch // ch_mult] + input_offset
                            acc[out_ch] += value * filter[0, ker_y, ker_x, out_ch]
                for out_ch in range(output_ch):
                    output[n, out_y, out_x, out_ch] = requantize_and_clamp(
                        int64(acc[out_ch]),
                        int64(multiplier[out_ch]),
                        int64(shift[out_ch]),
                        output_offset,
                        activation_min,
                        activation_max,
                    )
