"""UNIDIRECTIONAL_SEQUENCE_LSTM: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op, Tensor
from mcusim.nn.lstm import Gates, Scaling, effective_biases, lstm_unidirectional
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    integer,
    number,
    operand,
    quantization,
    quantized_reason,
    result,
    word,
)
from mcusim.requantization import LARGEST_SHIFT, LARGEST_SHIFT_S64, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_lstm_unidirectional_s16", "arm_lstm_unidirectional_s8")

# Positions of the operands (lstm_shared.h of TFLM); gates in the order input, forget, cell, output.
INPUT_WEIGHTS, HIDDEN_WEIGHTS, BIASES = (1, 2, 3, 4), (5, 6, 7, 8), (12, 13, 14, 15)
HIDDEN_STATE, CELL_STATE = 18, 19
STATES: tuple[int, ...] = (HIDDEN_STATE, CELL_STATE)
OPERANDS = 24
LEFT_OUT = (9, 10, 11, 16, 17, 20, 21, 22, 23)  # of peepholes, projection and layer normalization
ACTIVATION_SCALE = 2.0**-12  # Q3.12: what gates are before their activation
GATE_SCALE = 2.0**-15  # Q0.15: what they are behind it
LARGEST_CELL_POWER = -9  # a cell of a coarser unit is refused by TFLite
SMALLEST_CELL_POWER = -27
TANH_GATE = 2

_Number = TypeVar("_Number", np.int8, np.int32, np.int64)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Shapes that agree: input [batches, times, inputs] or time first, weights [units, …], states [batches, units]."""

    input: Tensor
    input_weights: tuple[Tensor, ...]
    hidden_weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    hidden: Tensor
    cell: Tensor
    output: Tensor
    time_major: bool
    batches: int
    times: int
    inputs: int
    units: int


def _layer(model: Model, op: Op) -> _Layer:
    source, output = operand(model, op, 0, "input"), result(model, op)
    input_weights, hidden_weights, biases = (
        tuple(operand(model, op, position, f"{role} (operand {position})") for position in positions)
        for positions, role in ((INPUT_WEIGHTS, "weights"), (HIDDEN_WEIGHTS, "weights"), (BIASES, "bias"))
    )
    hidden, cell = operand(model, op, HIDDEN_STATE, "hidden state"), operand(model, op, CELL_STATE, "cell state")
    if len(source.shape) != 3 or 0 in source.shape:
        raise bad(op, f"has an input of shape {list(source.shape)}; three dimensions of 1 or more are expected")
    if len(hidden.shape) != 2 or 0 in hidden.shape:
        raise bad(op, f"has a hidden state of shape {list(hidden.shape)}; two dimensions of 1 or more are expected")
    time_major = bool(integer(op, "time_major"))
    times, batches, inputs = source.shape if time_major else (source.shape[1], source.shape[0], source.shape[2])
    units = hidden.shape[1]
    for tensors, expected in ((input_weights, (units, inputs)), (hidden_weights, (units, units)), (biases, (units,))):
        for tensor in tensors:
            if tensor.shape != expected:
                raise bad(op, f"has weights or a bias of shape {list(tensor.shape)} instead of {list(expected)}")
    expect_shape(op, hidden, "hidden state", (batches, units))
    expect_shape(op, cell, "cell state", (batches, units))
    expect_shape(op, output, "output", (*source.shape[:2], units))
    sizes = time_major, batches, times, inputs, units
    return _Layer(source, input_weights, hidden_weights, biases, hidden, cell, output, *sizes)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = _layer(model, op)
    if len(op.inputs) != OPERANDS:
        return f"{len(op.inputs)} operands are not supported ({OPERANDS} are)"
    if any(model.operand(op, position) is not None for position in LEFT_OUT):
        return "peepholes, a projection or layer normalization are not supported"
    if word(op, "fused_activation_function") != "TANH":
        return f"the activation {word(op, 'fused_activation_function')} is not supported (TANH is)"
    return (
        quantized_reason(("int8", "int16"), layer.input, layer.hidden, layer.output)
        or quantized_reason(("int16",), layer.cell)
        or _constants_reason(layer)
        or _states_reason(op, layer)
        or _scales_reason(op, layer)
    )


def _constants_reason(layer: _Layer) -> str | None:
    """Why weights and biases cannot be used."""
    reason = quantized_reason(("int8",), *layer.input_weights, *layer.hidden_weights)
    if reason:
        return reason
    if any(
        tensor.quantization is None or tensor.quantization.zero_point
        for tensor in (*layer.input_weights, *layer.hidden_weights)
    ):
        return "weights with a zero point other than 0 are not supported"
    expected = "int64" if layer.input.dtype == "int16" else "int32"
    for tensor in layer.biases:
        if tensor.dtype != expected:
            return f"an {tensor.dtype} bias for {layer.input.dtype} activations is not supported"
    if not all(tensor.is_constant for tensor in (*layer.input_weights, *layer.hidden_weights, *layer.biases)):
        return "weights or biases computed at run time are not supported"
    return None


def _states_reason(op: Op, layer: _Layer) -> str | None:
    """Why the states cannot be used; the hidden state is what the output is."""
    if not (layer.hidden.is_variable and layer.cell.is_variable):
        return "states that are no variable tensors are not supported"
    if quantization(op, layer.hidden) != quantization(op, layer.output):
        return "a hidden state of another quantization than the output's is not supported"
    power = _cell_scale_power(op, layer)
    if power is None or not SMALLEST_CELL_POWER <= power <= LARGEST_CELL_POWER:
        return f"a cell state of scale {quantization(op, layer.cell).scale:.6g} is not supported (2**-9 and below are)"
    return None


def _cell_scale_power(op: Op, layer: _Layer) -> int | None:
    """Exponent of the cell state's scale, None where that is no power of 2 (CheckedLog2 of TFLite)."""
    exact = math.log2(quantization(op, layer.cell).scale)
    return round(exact) if abs(exact - round(exact)) < 1e-3 else None


def _scales_reason(op: Op, layer: _Layer) -> str | None:
    wide = LARGEST_SHIFT_S64 if layer.input.dtype == "int16" else LARGEST_SHIFT
    gates = [ratio for pair in _gate_ratios(op, layer) for ratio in pair]
    return ratio_reason(gates, wide) or ratio_reason([_input_to_cell(op, layer), _output_ratio(op, layer)])


def _gate_ratios(op: Op, layer: _Layer) -> list[tuple[float, float]]:
    """Scales of the two products of each gate, over that of the gate before its activation."""
    of_input, of_hidden = quantization(op, layer.input).scale, quantization(op, layer.hidden).scale
    return [
        (of_input * _scale(op, one) / ACTIVATION_SCALE, of_hidden * _scale(op, other) / ACTIVATION_SCALE)
        for one, other in zip(layer.input_weights, layer.hidden_weights, strict=True)
    ]


def _scale(op: Op, tensor: Tensor) -> float:
    return quantization(op, tensor).scale


def _input_to_cell(op: Op, layer: _Layer) -> float:
    return GATE_SCALE * GATE_SCALE / quantization(op, layer.cell).scale


def _output_ratio(op: Op, layer: _Layer) -> float:
    return GATE_SCALE * GATE_SCALE / quantization(op, layer.hidden).scale


def _scaling(op: Op, layer: _Layer) -> Scaling:
    """Everything but the gates; the clip is cut to a whole number as TFLM does."""
    power = _cell_scale_power(op, layer)
    assert power is not None
    clip = number(op, "cell_clip") / quantization(op, layer.cell).scale
    return Scaling(
        input_offset=-quantization(op, layer.input).zero_point,
        hidden_offset=-quantization(op, layer.hidden).zero_point,
        forget_to_cell=quantize_multiplier(GATE_SCALE),
        input_to_cell=quantize_multiplier(_input_to_cell(op, layer)),
        output=quantize_multiplier(_output_ratio(op, layer)),
        output_offset=quantization(op, layer.hidden).zero_point,
        cell_clip=int(min(max(clip, -32768.0), 32767.0)),
        cell_scale_power=power,
    )


def _stacked(tensors: Sequence[Tensor], dtype: type[_Number]) -> NDArray[_Number]:
    """The values of constants of one shape and type."""
    return np.stack([np.asarray(tensor.data, dtype) for tensor in tensors])


def _gates(op: Op, layer: _Layer) -> Gates:
    """Constants of the gates and their scales, stacked."""
    scales = [
        (*quantize_multiplier(of_input), *quantize_multiplier(of_hidden))
        for of_input, of_hidden in _gate_ratios(op, layer)
    ]
    return Gates(
        _stacked(layer.input_weights, np.int8),
        _stacked(layer.hidden_weights, np.int8),
        _stacked(layer.biases, np.int64 if layer.input.dtype == "int16" else np.int32),
        np.array(scales, np.int32),
    )


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates of the gates' products: one a weight, batch and time step."""
    layer = _layer(model, op)
    return 4 * layer.batches * layer.times * layer.units * (layer.inputs + layer.units)


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: with CMSIS-NN eight arrays of sums and three buffers, else four buffers."""
    layer = _layer(model, op)
    integers = runtime.kernels == "cmsis_nn" and layer.input.dtype in ("int8", "int16")
    sums = (layer.units * (8 if layer.input.dtype == "int16" else 4),) * 8
    return OpMemory(
        builtin_data_bytes=16,
        init_bytes=912 if runtime.kernels == "cmsis_nn" else 688,
        prepare_bytes=sums if integers else (),
        scratch_bytes=(layer.cell.bytes,) * (3 if integers else 4),
    )


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output and both states behind the sequence, for the operands in the operator's order."""
    layer = _layer(model, op)
    source, hidden_before, cell_before = (inputs[position] for position in (0, *STATES))
    assert source is not None and hidden_before is not None and cell_before is not None
    hidden, cell = hidden_before.copy(), cell_before.astype(np.int16)
    output = np.empty(layer.output.shape, source.dtype)
    gates, scaling = _gates(op, layer), _scaling(op, layer)
    lstm_unidirectional(np.ascontiguousarray(source), gates, scaling, layer.time_major, hidden, cell, output)
    return output, hidden, cell


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_lstm_unidirectional_s8 or _s16, which keep both states in the variable tensors.

    So do TFLM's reference kernels. Its CMSIS-NN kernels before 2026 had the cell state in the third scratch and kept
    no state; the outputs of a first inference are the same.
    """
    layer = _layer(model, op)
    gates, scaling = _gates(op, layer), _scaling(op, layer)
    sizes = int(layer.time_major), layer.batches, layer.times, layer.inputs, layer.units
    params = abi.lstm_params(
        sizes,
        scaling.input_offset,
        scaling.forget_to_cell,
        scaling.input_to_cell,
        (scaling.cell_clip, scaling.cell_scale_power),
        (*scaling.output, scaling.output_offset),
        [_gate(layer, gates, position) for position in range(4)],
    )
    buffers = abi.Struct(
        (
            *(abi.ScratchPointer(0), abi.ScratchPointer(1)),
            *(abi.TensorPointer(layer.cell.index), abi.TensorPointer(layer.hidden.index)),
        )
    )
    kind = "s16" if layer.input.dtype == "int16" else "s8"
    pointers = abi.TensorPointer(layer.input.index), abi.TensorPointer(layer.output.index)
    arrays = tuple(row.tobytes() for row in effective_biases(gates, scaling))
    return abi.Invocation(arrays, (abi.Call(f"arm_lstm_unidirectional_{kind}", (*pointers, params, buffers)),))


def _gate(layer: _Layer, gates: Gates, position: int) -> tuple[abi.Argument, ...]:
    multiplier, shift, hidden_multiplier, hidden_shift = gates.scales[position].tolist()
    return abi.lstm_gate(
        (multiplier, shift),
        abi.TensorPointer(layer.input_weights[position].index),
        abi.PreparedPointer(position),
        (hidden_multiplier, hidden_shift),
        abi.TensorPointer(layer.hidden_weights[position].index),
        abi.PreparedPointer(4 + position),
        abi.TensorPointer(layer.biases[position].index),
        is_tanh=position == TANH_GATE,
    )
