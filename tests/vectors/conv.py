"""CONV_2D: one case of the test vectors through the Numba kernel and through C."""

import numpy as np

from mcusim import abi
from mcusim.nn.convolve import convolve_s8, convolve_s16
from vectors.convolutions import (
    context,
    convolved,
    first_wrong,
    has_window_of_1,
    offsets,
    shapes,
    size_of,
    tensors,
    tiles,
    window,
)


def _is_int32_bias(case):
    return case.params["requantize"] == "s32"


def reference(case):
    output = np.zeros_like(case.expected)
    if case.dtype == "s16":
        convolve_s16(*tensors(case, np.int64), *window(case), _is_int32_bias(case), *case.activation, output)
    else:
        convolve_s8(*tensors(case, np.int32), *window(case), *offsets(case), *case.activation, output)
    return output


def _sized_functions(case, kernels):
    """The functions that can do the case, and the bytes of scratch they ask for."""
    kind, params, dims = case.dtype, _params(case), shapes(case)
    wrapper, general = f"arm_convolve_wrapper_{kind}", f"arm_convolve_{kind}"
    yield wrapper, size_of(kernels, f"{wrapper}_get_buffer_size", params, *dims)
    yield general, size_of(kernels, f"{general}_get_buffer_size", *dims[:2])
    if kind == "s16":
        return
    (_, input_h, _, channels), (_, filter_h, _, _) = case.arrays["input"].shape, case.arrays["filter"].shape
    is_aligned = case.params["stride"][1] * channels % 4 == 0 and case.arrays["filter"].shape[3] == channels
    if has_window_of_1(case):
        yield f"arm_convolve_1x1_{kind}", 0
        if tuple(case.params["stride"]) == (1, 1):
            yield (
                f"arm_convolve_1x1_{kind}_fast",
                size_of(kernels, f"arm_convolve_1x1_{kind}_fast_get_buffer_size", dims[0]),
            )
    if input_h == filter_h == case.expected.shape[1] == case.params["dilation"][1] == 1 and is_aligned:
        symbol = f"arm_convolve_1_x_n_{kind}"
        yield symbol, size_of(kernels, f"{symbol}_get_buffer_size", params, *dims)


def _params(case):
    stride, padding, dilation = tiles(case)
    return abi.conv_params(*offsets(case), stride, padding, dilation, case.activation)


def _call(case, kernels, symbol, size):
    bias = [case.arrays.get("bias")]
    if case.dtype == "s16":
        bias = [abi.Struct((*bias, int(_is_int32_bias(case))))]
    if symbol == "arm_convolve_s8":
        bias.append(None)  # no upscaling
    return convolved(kernels, symbol, case, [context(size)], _params(case), *bias)


def target(case, kernels):
    """By every function that can do the case."""
    return first_wrong(case, (_call(case, kernels, *one) for one in _sized_functions(case, kernels)))
