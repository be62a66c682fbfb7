"""CONV_2D: int8 feature maps and filters → int8 feature maps, requantized per output channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, int64, jit, requantize_and_clamp


@jit
def convolve_s8(
    input: NDArray[np.int8],
    filter: NDArray[np.int8],
    bias: NDArray[np.int32],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
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
    """Convolve input[n, h, w, c] with filter[oc, kh, kw, c / groups] into output[n, oh, ow, oc].

    bias, multiplier and shift are int32[oc] (zeros for a missing bias); input_offset is minus the input's zero point,
    output_offset the output's zero point; pad_h and pad_w are the padding above and to the left, whose elements
    contribute nothing. The int32 accumulator wraps around; requantize rounds twice. Grouped convolution follows from
    the filter's last dimension: output channels belong to consecutive groups of input channels.
    """
    input_h, input_w, input_ch = input.shape[1:]
    output_ch, kernel_h, kernel_w, group_ch = filter.shape
    output_ch_per_group = output_ch // (input_ch // group_ch)
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            for out_x in range(output.shape[2]):
                for out_ch in range(output_ch):
                    first_ch = out_ch // output_ch_per_group * group_ch
                    acc = bias[out_ch]
                    for ker_y in range(kernel_h):
                        y = out_y * stride_h - pad_h + ker_y * dilation_h
                        if y < 0 or y >= input_h:
                            continue
                        for ker_x in range(kernel_w):
                            x = out_x * stride_w - pad_w + ker_x * dilation_w
                            if x < 0 or x >= input_w:
                                continue
                            for ch in range(group_ch):
                                value = input[n, y, x, first_ch + ch] + input_offset
                                acc += value * filter[out_ch, ker_y, ker_x, ch]
                    output[n, out_y, out_x, out_ch] = requantize_and_clamp(
                        as_int32(acc),
                        int64(multiplier[out_ch]),
                        int64(shift[out_ch]),
                        output_offset,
                        activation_min,
                        activation_max,
                    )
