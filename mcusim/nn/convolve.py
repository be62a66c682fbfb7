"""CONV_2D: int8 or int16 feature maps and int8 filters → feature maps of their type, requantized per output channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, int64, jit, requantize_and_clamp, requantize_s64_and_clamp


@jit
def _products(
    image: NDArray[np.integer],
    weights: NDArray[np.int8],
    first_ch: int,
    top: int,
    left: int,
    dilation_h: int,
    dilation_w: int,
    input_offset: int,
) -> int:
    """Sum over one filter[kh, kw, c] times image[h, w] from (top, left) and channel first_ch on, in 64 bits."""
    height, width = image.shape[:2]
    acc = 0
    for ker_y in range(weights.shape[0]):
        y = top + ker_y * dilation_h
        if y < 0 or y >= height:
            continue
        for ker_x in range(weights.shape[1]):
            x = left + ker_x * dilation_w
            if x < 0 or x >= width:
                continue
            for ch in range(weights.shape[2]):
                acc += (image[y, x, first_ch + ch] + input_offset) * weights[ker_y, ker_x, ch]
    return acc


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
    """Convolve input[n, h, w, c] with filter[oc, kh, kw, c / groups] into output[n, oh, ow, oc]; also for int4 weights.

    bias, multiplier and shift are int32[oc] (zeros for a missing bias); input_offset is minus the input's zero point,
    output_offset the output's zero point; pad_h and pad_w are the padding above and to the left, whose elements
    contribute nothing. The int32 accumulator wraps around; requantize rounds twice. Grouped convolution follows from
    the filter's last dimension: output channels belong to consecutive groups of input channels.
    """
    input_ch = input.shape[3]
    output_ch, _, _, group_ch = filter.shape
    output_ch_per_group = output_ch // (input_ch // group_ch)
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            top = out_y * stride_h - pad_h
            for out_x in range(output.shape[2]):
                left = out_x * stride_w - pad_w
                for out_ch in range(output_ch):
                    first_ch = out_ch // output_ch_per_group * group_ch
                    acc = bias[out_ch] + _products(
                        input[n], filter[out_ch], first_ch, top, left, dilation_h, dilation_w, input_offset
                    )
                    output[n, out_y, out_x, out_ch] = requantize_and_clamp(
                        as_int32(acc),
                        int64(multiplier[out_ch]),
                        int64(shift[out_ch]),
                        output_offset,
                        activation_min,
                        activation_max,
                    )


@jit
def convolve_s16(
    input: NDArray[np.int16],
    filter: NDArray[np.int8],
    bias: NDArray[np.int64],
    multiplier: NDArray[np.int32],
    shift: NDArray[np.int32],
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    is_int32_bias: bool,
    activation_min: int,
    activation_max: int,
    output: NDArray[np.int16],
) -> None:
    """As convolve_s8 for int16 of zero point 0: accumulators have 32 bits if is_int32_bias, else 64.

    Those of 32 bits wrap around and are requantized as in convolve_s8, those of 64 bits by requantize_s64. bias is
    int64[oc] also where the model's is int32.
    """
    input_ch = input.shape[3]
    output_ch, _, _, group_ch = filter.shape
    output_ch_per_group = output_ch // (input_ch // group_ch)
    for n in range(output.shape[0]):
        for out_y in range(output.shape[1]):
            top = out_y * stride_h - pad_h
            for out_x in range(output.shape[2]):
                left = out_x * stride_w - pad_w
                for out_ch in range(output_ch):
                    first_ch = out_ch // output_ch_per_group * group_ch
                    acc = bias[out_ch] + _products(
                        input[n], filter[out_ch], first_ch, top, left, dilation_h, dilation_w, int64(0)
                    )
                    if is_int32_bias:
                        result = requantize_and_clamp(
                            as_int32(acc),
                            int64(multiplier[out_ch]),
                            int64(shift[out_ch]),
                            int64(0),
                            activation_min,
                            activation_max,
                        )
                    else:
                        result = requantize_s64_and_clamp(
                            acc, int64(multiplier[out_ch]), int64(shift[out_ch]), activation_min, activation_max
                        )
                    output[n, out_y, out_x, out_ch] = result
