"""AVERAGE_POOL_2D and MAX_POOL_2D: one case of the test vectors through the Numba kernels and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.nn.pooling import avgpool_s8, avgpool_s16, max_pool_s8, max_pool_s16

NUMBA = {
    ("avg_pool", "s8"): avgpool_s8,
    ("avg_pool", "s16"): avgpool_s16,
    ("max_pool", "s8"): max_pool_s8,
    ("max_pool", "s16"): max_pool_s16,
}
SYMBOLS = {"avg_pool": "arm_avgpool", "max_pool": "arm_max_pool"}


def _padding(case):
    return case.params["padding"]["top"], case.params["padding"]["left"]


def reference(case):
    output = np.zeros_like(case.expected)
    windows = (*case.params["filter"], *case.params["stride"], *_padding(case))
    NUMBA[case.op, case.dtype](case.arrays["input"], *windows, *case.activation, output)
    return output


def target(case, kernels):
    output = Output(np.zeros_like(case.expected))
    value = case.arrays["input"]
    size = 0
    if case.op == "avg_pool":
        symbol = f"arm_avgpool_{case.dtype}_get_buffer_size"
        size = kernels.call(symbol, case.expected.shape[2], value.shape[3], checks_status=False)
    scratch = Output(np.zeros(-(-size // 4), np.int32)) if size else None
    kernels.call(
        f"{SYMBOLS[case.op]}_{case.dtype}",
        abi.Struct((scratch, size)),
        abi.pool_params(tuple(case.params["stride"]), _padding(case), case.activation),
        abi.dims(*value.shape),
        value,
        abi.dims(1, *case.params["filter"], 1),
        abi.dims(*case.expected.shape),
        output,
    )
    return output.array
