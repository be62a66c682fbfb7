"""UNIDIRECTIONAL_SEQUENCE_LSTM: a sequence of int8 or int16 and two states → the sequence of hidden states."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, jit, requantize, requantize_s64, sigmoid_s16, tanh_s16

# Rows of what is given for the four gates.
INPUT_GATE, FORGET_GATE, CELL_GATE, OUTPUT_GATE = range(4)


class Gates(NamedTuple):
    """Weights and scales of the gates, each in the order input, forget, cell, output.

    input_weights int8[4, units, inputs], hidden_weights int8[4, units, units], bias int32 or int64 [4, units]; scales
    int32[4, 4] are multiplier and shift of the input's product and multiplier and shift of the hidden state's.
    """

    input_weights: NDArray[np.int8]
    hidden_weights: NDArray[np.int8]
    bias: NDArray[Any]
    scales: NDArray[np.int32]


class Scaling(NamedTuple):
    """The other numbers: pairs are multiplier and shift, offsets are minus the zero points but for the output's.

    The cell's unit is 2**cell_scale_power; it is held within ±cell_clip where that is above 0.
    """

    input_offset: int
    hidden_offset: int
    forget_to_cell: tuple[int, int]
    input_to_cell: tuple[int, int]
    output: tuple[int, int]
    output_offset: int
    cell_clip: int
    cell_scale_power: int


def effective_biases(gates: Gates, scaling: Scaling) -> NDArray[Any]:
    """What CMSIS-NN adds to products without offsets, [8, units]: four rows for the input, four for the hidden state.

    The first hold the bias too. They wrap around in the bias' type, as the sums do.
    """
    of_input = gates.bias.astype(np.int64) + gates.input_weights.sum(axis=2, dtype=np.int64) * scaling.input_offset
    of_hidden = gates.hidden_weights.sum(axis=2, dtype=np.int64) * scaling.hidden_offset
    return np.concatenate([of_input, of_hidden]).astype(gates.bias.dtype)


@jit
def _saturated(value: int) -> int:
    return min(max(value, -32768), 32767)


@jit
def _product(
    values: NDArray[Any], offset: int, weights: NDArray[np.int8], bias: int, multiplier: int, shift: int
) -> int:
    """A requantized dot product as int16; int16 values have sums of 64 bits."""
    acc = bias
    for k in range(values.size):
        acc += (values[k] + offset) * weights[k]
    if values.itemsize == 2:
        return _saturated(requantize_s64(acc, multiplier, shift))
    return _saturated(requantize(as_int32(acc), multiplier, shift))


@jit
def _gate(
    which: int, unit: int, input: NDArray[Any], hidden: NDArray[Any], gates: Gates, offsets: tuple[int, int]
) -> int:
    """A gate's value before its activation: Q3.12 in int16."""
    scales = gates.scales[which]
    weights, bias = gates.input_weights[which, unit], gates.bias[which, unit]
    of_input = _product(input, offsets[0], weights, bias, scales[0], scales[1])
    of_hidden = _product(hidden, offsets[1], gates.hidden_weights[which, unit], 0, scales[2], scales[3])
    return _saturated(of_input + of_hidden)


@jit
def _multiplied(a: int, b: int, scale: tuple[int, int]) -> int:
    return _saturated(requantize(a * b, scale[0], scale[1]))


@jit
def _step(
    input: NDArray[Any],
    hidden: NDArray[Any],
    cell: NDArray[np.int16],
    gates: Gates,
    scaling: Scaling,
    output: NDArray[Any],
) -> None:
    """One time step of one batch: changes cell[units] and writes output[units]."""
    offsets = scaling.input_offset, scaling.hidden_offset
    least, most = (-128, 127) if output.itemsize == 1 else (-32768, 32767)
    for unit in range(cell.size):
        forget = sigmoid_s16(_gate(FORGET_GATE, unit, input, hidden, gates, offsets), 0)
        ingate = sigmoid_s16(_gate(INPUT_GATE, unit, input, hidden, gates, offsets), 0)
        content = tanh_s16(_gate(CELL_GATE, unit, input, hidden, gates, offsets), 0)
        outgate = sigmoid_s16(_gate(OUTPUT_GATE, unit, input, hidden, gates, offsets), 0)
        kept = _multiplied(forget, cell[unit], scaling.forget_to_cell)
        value = _saturated(kept + _multiplied(ingate, content, scaling.input_to_cell))
        if scaling.cell_clip > 0:
            value = min(max(value, -scaling.cell_clip), scaling.cell_clip)
        cell[unit] = value
        squashed = tanh_s16(value, scaling.cell_scale_power + 12)
        scaled = requantize(outgate * squashed, scaling.output[0], scaling.output[1]) + scaling.output_offset
        output[unit] = min(max(scaled, least), most)


@jit
def lstm_unidirectional(
    input: NDArray[Any],
    gates: Gates,
    scaling: Scaling,
    time_major: bool,
    hidden_state: NDArray[Any],
    cell_state: NDArray[np.int16],
    output: NDArray[Any],
) -> None:
    """input[batch, time, inputs], or time first, into output[batch, time, units]; int8 or int16, as hidden_state.

    hidden_state[batch, units] and cell_state[batch, units] are those before the sequence, and change to those behind
    it. A hidden state of its zero point adds nothing: that is how a sequence starts.
    """
    batches, times = (input.shape[1], input.shape[0]) if time_major else (input.shape[0], input.shape[1])
    for batch in range(batches):
        for time in range(times):
            row = (time, batch) if time_major else (batch, time)
            _step(input[row], hidden_state[batch], cell_state[batch], gates, scaling, output[row])
            hidden_state[batch] = output[row]
