"""SVDF: one case of the test vectors, step by step, through the Numba kernel and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.nn.svdf import svdf

STATE_FUNCTIONS = {"int8": "arm_svdf_s8", "int16": "arm_svdf_state_s16_s8"}


def _ranges(case):
    return case.numbers("input_activation_min", "input_activation_max"), case.activation


def reference(case):
    output, state = np.zeros_like(case.expected), case.arrays["state_initial"].copy()
    bias = case.arrays.get("bias", np.zeros(output.shape[1], np.int32))
    scales = case.numbers("multiplier_1", "shift_1"), case.numbers("multiplier_2", "shift_2")
    weights = case.arrays["weights_feature"], case.arrays["weights_time"]
    offsets = case.params["input_offset"], 0, case.params["output_offset"]
    for step in case.arrays["input"]:
        svdf(step, *weights, bias, case.params["rank"], *scales, offsets, *_ranges(case), state, output)
    return output


def target(case, kernels):
    output, state = Output(np.zeros_like(case.expected)), Output(case.arrays["state_initial"].copy())
    feature, time = case.arrays["weights_feature"], case.arrays["weights_time"]
    (batches, units), filters = case.expected.shape, len(feature)
    contexts = [
        abi.Struct((Output(np.zeros(size, np.int32)), 4 * size)) for size in (batches * filters, batches * units)
    ]
    if time.dtype == np.int8:
        contexts.insert(0, abi.context(None, 0))
    for step in case.arrays["input"]:
        kernels.call(
            STATE_FUNCTIONS[time.dtype.name],
            *contexts,
            # The vectors negate the zero point of the input; the structure has it as it is.
            abi.svdf_params(
                case.params["rank"], -case.params["input_offset"], case.params["output_offset"], *_ranges(case)
            ),
            abi.per_tensor_quant_params(*case.numbers("multiplier_1", "shift_1")),
            abi.per_tensor_quant_params(*case.numbers("multiplier_2", "shift_2")),
            abi.dims(batches, step.shape[1], 0, 0),
            step,
            abi.dims(batches, filters * time.shape[1], 0, 0),
            state,
            abi.dims(*feature.shape, 0, 0),
            feature,
            abi.dims(*time.shape, 0, 0),
            time,
            abi.dims(units, 0, 0, 0),
            case.arrays.get("bias"),
            abi.dims(batches, units, 0, 0),
            output,
        )
    return output.array
