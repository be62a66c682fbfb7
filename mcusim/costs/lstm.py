"""UNIDIRECTIONAL_SEQUENCE_LSTM: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import math

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, copy, fill, misaligned_rows, words
from mcusim.costs.drawing import INPUT_SCALE, INT8, INT16, SPREAD, Draw, Types, extent, one_of, source
from mcusim.costs.products import SHORT_DEPTH, by_threes
from mcusim.errors import UnsupportedError
from mcusim.model import Model, Op
from mcusim.operands import bad, integer, layer_name, operand
from mcusim.sketch import Sketch

GATES = 4
INPUT_WEIGHTS, HIDDEN_STATE = 1, 18
SUFFIXES = {"int8": "s8", "int16": "s16"}
MOST_DRAWN_WEIGHTS, MOST_DRAWN_MACS = 24_000, 80_000


def _count(model: Model, op: Op, target: Target) -> Cost:
    taken, hidden = operand(model, op, 0, "input"), operand(model, op, HIDDEN_STATE, "hidden state")
    weights = operand(model, op, INPUT_WEIGHTS, "weights")
    if taken.dtype not in SUFFIXES or (taken.dtype, weights.dtype) != (hidden.dtype, "int8"):
        raise UnsupportedError(f"{layer_name(op)}: {taken.dtype} with {weights.dtype} weights is not counted")
    if len(taken.shape) != 3 or len(hidden.shape) != 2:
        raise bad(op, f"has an input of shape {list(taken.shape)} and a hidden state of shape {list(hidden.shape)}")
    times, batches, inputs = taken.shape if integer(op, "time_major") else (taken.shape[1], *taken.shape[::2])
    units, size = hidden.shape[1], 1 if taken.dtype == "int8" else 2
    rows = times * batches
    counts: Counts = {CALL: 1, "times": times, "rows": rows, "units": rows * units}
    counts |= fill("cleared", times * GATES, 2 * batches * units, 1.0, target)
    counts |= copy("kept", batches, units * size, 1.0 if units * size % 4 == 0 else 0.25, target)
    for part in (_products(size, rows, inputs, units, target), _products(size, rows, units, units, target)):
        counts |= {name: counts.get(name, 0.0) + GATES * value for name, value in part.items()}
    weight_bytes = GATES * units * (inputs + units)
    streams = Stream(weight_bytes, rows, 12 * units, constant=True), Stream(taken.bytes, 1, 0, constant=False)
    return Cost(f"arm_lstm_unidirectional_{SUFFIXES[taken.dtype]}", counts, streams)


def _products(size: int, rows: int, depth: int, units: int, target: Target) -> Counts:
    """Rows of activations times the weights of one gate."""
    if size == 1 and not target.dsp:
        return by_threes(rows, depth, units)
    counts: Counts = {"pairs": rows * (units // 2), "singles": rows * (units % 2)}
    if size == 2:
        counts["pair_parts"] = counts["pairs"] * -(-depth // SHORT_DEPTH)
        counts["single_parts"] = counts["singles"] * -(-depth // SHORT_DEPTH)
    of_values = misaligned_rows(rows, size * depth)
    for name, times, weights in (
        ("pair", units // 2, misaligned_rows(units // 2 * 2, depth)),
        ("single", units % 2, misaligned_rows(units, depth) - misaligned_rows(units // 2 * 2, depth)),
    ):
        counts |= words(name, rows * times, depth, rows * weights + times * of_values, target)
    return counts


def _drawn(types: Types) -> Draw:
    """Sequences whose gates are some units wide."""

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        inputs, units = extent(rng, 1, 96), extent(rng, 1, 64)
        while GATES * units * (inputs + units) > MOST_DRAWN_WEIGHTS:
            units //= 2
        batches = 1 if rng.random() < 0.8 else 2
        most = max(1, MOST_DRAWN_MACS // (batches * GATES * units * (inputs + units)))
        times, time_major = int(rng.integers(1, min(most, 24) + 1)), bool(rng.random() < 0.2)
        shape = (times, batches, inputs) if time_major else (batches, times, inputs)
        taken = source(sketch, rng, shape, types.activations)
        of_hidden = 2.0**-7 if types is INT8 else 2.0**-15
        of_input = _gates(sketch, rng, units, inputs, INPUT_SCALE * SPREAD[types.activations])
        of_state = _gates(sketch, rng, units, units, 0.5)
        biases = [
            sketch.constant(rng.integers(-2000, 2000, units).astype(types.bias), (INPUT_SCALE * 0.01,))
            for _ in range(GATES)
        ]
        state = sketch.state((batches, units), of_hidden, 0, types.activations)
        cell = sketch.state((batches, units), 2.0**-11, 0, "int16")
        output = sketch.activation((*shape[:2], units), of_hidden, 0, types.activations)
        sketch.kept_bytes += 8 * units * np.dtype(types.bias).itemsize  # sums of biases and weights
        operands = (taken, *of_input, *of_state, -1, -1, -1, *biases, -1, -1, state, cell, -1, -1, -1, -1)
        sketch.op(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            operands,
            (output,),
            time_major=time_major,
            cell_clip=10.0,
            fused_activation_function="TANH",
        )

    return draw


def _gates(sketch: Sketch, rng: np.random.Generator, units: int, depth: int, spread: float) -> list[int]:
    """Weights whose sums of products with values of a spread are about 1."""
    scale = 1 / (spread * SPREAD["int8"] * math.sqrt(depth))
    return [
        sketch.constant(rng.integers(-127, 128, (units, depth), dtype=np.int8), (scale * float(rng.uniform(0.5, 2)),))
        for _ in range(GATES)
    ]


UNIDIRECTIONAL_SEQUENCE_LSTM = Costing(_count, *one_of((_drawn(INT8), 80), (_drawn(INT16), 80)))
