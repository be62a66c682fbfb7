"""DEPTHWISE_CONV_2D: one case of the test vectors through the Numba kernel and through C."""

import numpy as np

from mcusim import abi
from mcusim.nn.depthwise_conv import depthwise_conv_s8, depthwise_conv_s16
from vectors.convolutions import (
    context,
    convolved,
    first_wrong,
    offsets,
    padding,
    shapes,
    size_of,
    tensors,
    tiles,
    window,
)


def reference(case):
    output, ch_mult = np.zeros_like(case.expected), case.params["depth_multiplier"]
    if case.dtype == "s16":
        depthwise_conv_s16(*tensors(case, np.int64), ch_mult, *window(case), *case.activation, output)
    else:
        arguments = (*tensors(case, np.int32), ch_mult, *window(case), *offsets(case), *case.activation)
        depthwise_conv_s8(*arguments, output)
    return output


def _sized_functions(case, kernels):
    """The functions that can do the case, and the bytes of scratch they ask for."""
    kind, dims = case.dtype, shapes(case)
    wrapper = f"arm_depthwise_conv_wrapper_{kind}"
    yield wrapper, size_of(kernels, f"{wrapper}_get_buffer_size", _params(case), *dims)
    yield f"arm_depthwise_conv_{kind}", 0
    if case.params["depth_multiplier"] != 1 or tuple(case.params["dilation"]) != (1, 1):
        return
    batches, kernel = case.arrays["input"].shape[0], case.arrays["filter"].shape[1:3]
    if kind == "s16" and kernel[0] * kernel[1] < 512:
        symbol = "arm_depthwise_conv_fast_s16"
        yield symbol, size_of(kernels, f"{symbol}_get_buffer_size", *dims[:2])
    elif kind != "s16" and batches == 1:
        symbol = f"arm_depthwise_conv_{kind}_opt"
        yield symbol, size_of(kernels, f"{symbol}_get_buffer_size", *dims[:2])
        if kind == "s8" and kernel == (3, 3) and max(padding(case)) <= 1:
            yield "arm_depthwise_conv_3x3_s8", 0


def _params(case):
    stride, before, dilation = tiles(case)
    ch_mult = case.params["depth_multiplier"]
    return abi.dw_conv_params(*offsets(case), ch_mult, stride, before, dilation, case.activation)


def target(case, kernels):
    """By every function that can do the case."""
    bias = case.arrays.get("bias")
    return first_wrong(
        case,
        (
            convolved(kernels, symbol, case, [context(size)], _params(case), bias)
            for symbol, size in _sized_functions(case, kernels)
        ),
    )
