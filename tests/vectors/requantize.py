"""Requantization of 32- and 64-bit sums: one case of the test vectors through Numba and through C."""

import numpy as np
from emulated import Output

from mcusim.fixedpoint import requantize, requantize_s64

NUMBA = {"s32": requantize, "s64": requantize_s64}


def reference(case):
    arrays = (case.arrays[name].ravel().tolist() for name in ("input", "multiplier", "shift"))
    scaled = [NUMBA[case.dtype](*numbers) for numbers in zip(*arrays, strict=True)]
    return np.array(scaled, np.int32).reshape(case.expected.shape)


def target(case, kernels):
    output = Output(np.zeros_like(case.expected))
    operands = (case.arrays[name] for name in ("input", "multiplier", "shift"))
    symbol = f"mcusim_requantize_each_{case.dtype}"
    kernels.call(symbol, *operands, case.expected.size, output, checks_status=False)
    return output.array
