"""SOFTMAX: one case of the test vectors through the Numba kernels and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.nn.softmax import softmax_s8, softmax_s8_s16, softmax_s16

NUMBA = {"s8": softmax_s8, "s8_s16": softmax_s8_s16, "s16": softmax_s16}


def _rows(case):
    return case.arrays["input"].reshape(-1, case.expected.shape[-1])


def _tables(case):
    return case.arrays["exp_lut"], case.arrays["one_by_one_lut"]


def reference(case):
    rows, output = _rows(case), np.zeros(_rows(case).shape, case.expected.dtype)
    parameters = _tables(case) if case.dtype == "s16" else case.numbers("diff_min")
    NUMBA[case.dtype](rows, *case.numbers("multiplier", "shift"), *parameters, output)
    return output.reshape(case.expected.shape)


def target(case, kernels):
    output = Output(np.zeros_like(case.expected))
    is_s16 = case.dtype == "s16"
    parameters = (abi.Struct(_tables(case)),) if is_s16 else case.numbers("diff_min")
    scalars = (*_rows(case).shape, *case.numbers("multiplier", "shift"), *parameters)
    kernels.call(f"arm_softmax_{case.dtype}", case.arrays["input"], *scalars, output, checks_status=is_s16)
    return output.array
