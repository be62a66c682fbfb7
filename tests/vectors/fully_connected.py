"""FULLY_CONNECTED: one case of the test vectors through the Numba kernel and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.nn.fully_connected import fully_connected_per_channel_s8, fully_connected_s8, fully_connected_s16


def _bias(case, dtype):
    return case.arrays.get("bias", np.zeros(case.expected.shape[1], dtype))


def reference(case):
    output = np.zeros_like(case.expected)
    operands = case.arrays["input"], case.arrays["filter"]
    scales = case.arrays["multiplier"], case.arrays["shift"]
    if case.dtype == "s16":
        fully_connected_s16(
            *operands, _bias(case, np.int64), int(scales[0][0]), int(scales[1][0]), *case.activation, output
        )
        return output
    rest = *case.numbers("input_offset", "filter_offset", "output_offset"), *case.activation, output
    bias = _bias(case, np.int32)
    if case.params["per_channel"]:
        fully_connected_per_channel_s8(*operands, bias, *scales, *rest)
    else:
        fully_connected_s8(*operands, bias, int(scales[0][0]), int(scales[1][0]), *rest)
    return output


def target(case, kernels):
    (batches, depth), channels = case.arrays["input"].shape, case.expected.shape[1]
    if case.params["per_channel"]:
        symbol = "arm_fully_connected_per_channel_s8"
        scales = abi.Struct((case.arrays["multiplier"], case.arrays["shift"]))
    else:
        symbol = f"arm_fully_connected_{case.dtype}"
        scales = abi.per_tensor_quant_params(int(case.arrays["multiplier"][0]), int(case.arrays["shift"][0]))
    output = Output(np.zeros_like(case.expected))
    kernels.call(
        symbol,
        abi.context(None, 0),
        abi.fc_params(*case.numbers("input_offset", "filter_offset", "output_offset"), case.activation),
        scales,
        abi.dims(batches, 1, 1, depth),
        case.arrays["input"],
        abi.dims(depth, 1, 1, channels),
        case.arrays["filter_packed" if case.dtype == "s4" else "filter"],
        abi.dims(1, 1, 1, channels),
        case.arrays.get("bias"),
        abi.dims(batches, 1, 1, channels),
        output,
    )
    return output.array
