"""UNIDIRECTIONAL_SEQUENCE_LSTM: one case of the test vectors through the Numba kernel and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.fixedpoint import SIGMOID_TABLE
from mcusim.nn.lstm import Gates, Scaling, effective_biases, lstm_unidirectional

GATES = ("input_gate", "forget_gate", "cell_gate", "output_gate")  # in the order of nn.lstm
SCALES = ("input_multiplier", "input_shift", "hidden_multiplier", "hidden_shift")


def _gates(case):
    return Gates(
        *(np.stack([case.arrays[f"{gate}_{kind}"] for gate in GATES]) for kind in ("input_weights", "hidden_weights")),
        np.stack([case.arrays[f"{gate}_bias"] for gate in GATES]),
        np.array([[case.params["gates"][gate][name] for name in SCALES] for gate in GATES], np.int32),
    )


def _scaling(case):
    pairs = ("forget_to_cell", "input_to_cell", "output")
    return Scaling(
        *case.numbers("input_offset", "hidden_offset"),
        *(case.numbers(f"{pair}_multiplier", f"{pair}_shift") for pair in pairs),
        *case.numbers("output_offset", "cell_clip", "cell_scale_power"),
    )


def _batches(case):
    return case.expected.shape[1 if case.params["time_major"] else 0]


def _states(case):
    """Hidden and cell state, those of a start where the case gives none."""
    shape = _batches(case), case.params["hidden_size"]
    start = np.full(shape, -case.params["hidden_offset"], case.expected.dtype)
    cell = np.zeros(shape, np.int16)
    return case.arrays.get("hidden_state_initial", start).copy(), case.arrays.get("cell_state_initial", cell).copy()


def reference(case):
    np.testing.assert_array_equal(SIGMOID_TABLE, case.arrays["sigmoid_lut"])
    output = np.zeros_like(case.expected)
    hidden, cell = _states(case)
    operands = np.ascontiguousarray(case.arrays["input"]), _gates(case), _scaling(case)
    lstm_unidirectional(*operands, bool(case.params["time_major"]), hidden, cell, output)
    return output


def target(case, kernels):
    gates, scaling = _gates(case), _scaling(case)
    values, output = case.arrays["input"], Output(np.zeros_like(case.expected))
    hidden, cell = _states(case)
    has_state = "hidden_state_initial" in case.arrays
    batch, time = values.shape[:2][:: -1 if case.params["time_major"] else 1]
    sums = effective_biases(gates, scaling)
    members = [
        abi.lstm_gate(
            tuple(gates.scales[gate][:2].tolist()),
            gates.input_weights[gate].copy(),
            sums[gate].copy(),
            tuple(gates.scales[gate][2:].tolist()),
            gates.hidden_weights[gate].copy(),
            sums[4 + gate].copy(),
            gates.bias[gate].copy(),
            is_tanh=case.params["gates"][GATES[gate]]["activation"] == "tanh",
        )
        for gate in range(4)
    ]
    sizes = (int(case.params["time_major"]), batch, time, values.shape[2], case.params["hidden_size"])
    temporary = [Output(np.zeros(cell.shape, np.int16)) for _ in range(2)]
    kernels.call(
        f"arm_lstm_unidirectional_{case.dtype}",
        values,
        output,
        abi.lstm_params(
            sizes,
            scaling.input_offset,
            scaling.forget_to_cell,
            scaling.input_to_cell,
            (scaling.cell_clip, scaling.cell_scale_power),
            (*scaling.output, scaling.output_offset),
            members,
        ),
        abi.Struct((*temporary, Output(cell), Output(hidden) if has_state else None)),
    )
    return output.array
