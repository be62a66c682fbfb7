"""MAXIMUM and MINIMUM: one case of the test vectors through the Numba kernels and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.nn.min_max import maximum, minimum

NUMBA = {"maximum": maximum, "minimum": minimum}
_INPUTS = ("input1", "input2")


def reference(case):
    inputs = [np.ascontiguousarray(np.broadcast_to(case.arrays[name], case.expected.shape)) for name in _INPUTS]
    output = np.zeros_like(case.expected)
    NUMBA[case.op](*inputs, output)
    return output


def target(case, kernels):
    operands = [item for name in _INPUTS for item in (case.arrays[name], abi.dims(*case.arrays[name].shape))]
    output = Output(np.zeros_like(case.expected))
    symbol = f"arm_{case.op}_{case.dtype}"
    kernels.call(symbol, abi.context(None, 0), *operands, output, abi.dims(*case.expected.shape))
    return output.array
