"""TRANSPOSE: one case of the test vectors through the Numba kernel and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.copies import in_front, row_major
from mcusim.nn.strided import strided_copy


def reference(case):
    output = np.zeros_like(case.expected)
    value = case.arrays["input"]
    steps = [row_major(value.shape)[axis] for axis in case.params["permutation"]]
    walk = (np.array(in_front(output.shape), np.int32), np.array(in_front(steps, 0), np.int32))
    strided_copy(value.reshape(-1), 0, *walk, output.reshape(-1))
    return output


def target(case, kernels):
    output = Output(np.zeros_like(case.expected))
    value = case.arrays["input"]
    permutation = np.array(case.params["permutation"], np.uint32)
    kernels.call(
        "arm_transpose_s8",
        value,
        output,
        *(abi.Struct((*shape, 1, 1, 1)[:4]) for shape in (value.shape, case.expected.shape)),
        abi.Struct((len(permutation), permutation)),
    )
    return output.array
