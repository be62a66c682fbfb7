"""PAD: one case of the test vectors through the Numba kernel and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.nn.pad import pad


def reference(case):
    output = np.zeros_like(case.expected)
    before = np.array([0, *case.params["pre_pad"]], np.int32)
    pad(case.arrays["input"][np.newaxis], before, case.params["pad_value"], output[np.newaxis])
    return output


def target(case, kernels):
    output = Output(np.zeros_like(case.expected))
    value = case.arrays["input"]
    frame = (abi.dims(*case.params[name]) for name in ("pre_pad", "post_pad"))
    kernels.call("arm_pad_s8", value, output, case.params["pad_value"], abi.dims(*value.shape), *frame)
    return output.array
