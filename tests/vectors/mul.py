"""MUL: one case of the test vectors through the Numba kernel and through C."""

import numpy as np
from emulated import Output

from mcusim.nn.elementwise import elementwise_mul_s8, elementwise_mul_s16

NUMBA = {"s8": elementwise_mul_s8, "s16": elementwise_mul_s16}


def _scalars(case):
    output = case.numbers("output_offset", "output_multiplier", "output_shift")
    return case.numbers("input1_offset", "input2_offset"), (*output, *case.activation)


def reference(case):
    before, after = _scalars(case)
    output = np.zeros_like(case.expected)
    NUMBA[case.dtype](case.arrays["input1"], case.arrays["input2"], *before, *after, output)
    return output


def target(case, kernels):
    before, after = _scalars(case)
    output = Output(np.zeros_like(case.expected))
    symbol = f"arm_elementwise_mul_{case.dtype}"
    kernels.call(symbol, case.arrays["input1"], case.arrays["input2"], *before, output, *after, case.expected.size)
    return output.array
