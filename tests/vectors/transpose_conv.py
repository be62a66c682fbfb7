"""TRANSPOSE_CONV: one case of the test vectors through the Numba kernel and through C."""

import numpy as np

from mcusim import abi
from mcusim.nn.transpose_conv import transpose_conv_s8
from vectors.convolutions import context, convolved, first_wrong, offsets, padding, shapes, size_of, tensors


def reference(case):
    output = np.zeros_like(case.expected)
    steps = (*case.params["stride"], *padding(case))
    transpose_conv_s8(*tensors(case, np.int32), *steps, *offsets(case), *case.activation, output)
    return output


def target(case, kernels):
    """By the wrapper and, unless that reverses the filter, by arm_transpose_conv_s8."""
    stride = tuple(case.params["stride"])
    # What is cropped behind is told, but not needed.
    params = abi.transpose_conv_params(*offsets(case), stride, padding(case), (0, 0), case.activation)
    dims, bias = shapes(case), case.arrays.get("bias")
    size = size_of(kernels, "arm_transpose_conv_s8_get_buffer_size", params, *dims)
    reverse_size = size_of(kernels, "arm_transpose_conv_s8_get_reverse_conv_buffer_size", params, *dims[:2])
    symbols = ["arm_transpose_conv_wrapper_s8", *([] if reverse_size else ["arm_transpose_conv_s8"])]
    return first_wrong(
        case,
        (convolved(kernels, symbol, case, [context(size), context(reverse_size)], params, bias) for symbol in symbols),
    )
