"""What cases of the convolutions have in common: their arguments for the Numba kernels, and calls of C functions."""

from __future__ import annotations

import numpy as np
from emulated import Output

from mcusim import abi


def tensors(case, bias_dtype):
    """input, filter, bias (zeros for none), multiplier and shift of the Numba kernels."""
    bias = case.arrays.get("bias", np.zeros(case.expected.shape[-1])).astype(bias_dtype)
    return (case.arrays["input"], case.arrays["filter"], bias, case.arrays["multiplier"], case.arrays["shift"])


def padding(case):
    """Padding above and to the left."""
    return case.params["padding"]["top"], case.params["padding"]["left"]


def window(case):
    """Strides, paddings before and dilations, each as (h, w)."""
    return (*case.params["stride"], *padding(case), *case.params["dilation"])


def offsets(case):
    return case.numbers("input_offset", "output_offset")


def tiles(case):
    """Stride, padding and dilation as the functions of mcusim.abi take them."""
    return tuple(case.params["stride"]), padding(case), tuple(case.params["dilation"])


def has_window_of_1(case):
    """Whether each output reads one input pixel, all channels of it."""
    _, filter_h, filter_w, filter_c = case.arrays["filter"].shape
    return (
        (filter_h, filter_w) == (1, 1)
        and padding(case) == (0, 0)
        and tuple(case.params["dilation"]) == (1, 1)
        and filter_c == case.arrays["input"].shape[3]
    )


def dims(array):
    """cmsis_nn_dims."""
    return abi.dims(*array.shape)


def shapes(case):
    """cmsis_nn_dims of input, filter and output."""
    return dims(case.arrays["input"]), dims(case.arrays["filter"]), dims(case.expected)


def size_of(kernels, symbol, *arguments):
    """What a get_buffer_size function returns."""
    return kernels.call(symbol, *arguments, checks_status=False)


def context(size):
    """cmsis_nn_context with a buffer of so many bytes, a null pointer for none."""
    return abi.Struct((Output(np.zeros(size, np.uint8)) if size else None, size))


def convolved(kernels, symbol, case, contexts, params, *bias):
    """The output of a C function that takes what all convolutions take, arm_convolve_s8 with one after the bias."""
    input_dims, filter_dims, output_dims = shapes(case)
    output = Output(np.zeros_like(case.expected))
    kernels.call(
        symbol,
        *contexts,
        params,
        abi.Struct((case.arrays["multiplier"], case.arrays["shift"])),
        input_dims,
        case.arrays["input"],
        filter_dims,
        case.arrays.get("filter_packed", case.arrays["filter"]),
        abi.dims(1, 1, 1, case.expected.shape[-1]),
        *bias,
        output_dims,
        output,
    )
    return output.array


def first_wrong(case, results):
    """The first result that is not as expected; any of them where all are."""
    results = list(results)
    wrong = (result for result in results if not np.array_equal(result, case.expected))
    return next(wrong, results[0])
