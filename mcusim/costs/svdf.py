"""SVDF: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import math

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, misaligned_rows, words
from mcusim.costs.drawing import INPUT_SCALE, OUTPUT_SPREAD, SPREAD, WEIGHT_SCALE, Draw, extent, one_of, source
from mcusim.costs.products import pairs
from mcusim.errors import UnsupportedError
from mcusim.model import Model, Op
from mcusim.operands import bad, integer, layer_name, operand, quantization
from mcusim.sketch import Sketch

STATE = 4
MOST_DRAWN_WEIGHTS = 24_000


def _count(model: Model, op: Op, target: Target) -> Cost:
    taken, feature, time = (operand(model, op, position, "operand") for position in range(3))
    state = operand(model, op, STATE, "state")
    shapes = taken.shape, feature.shape, time.shape
    if any(len(shape) != 2 for shape in shapes):
        raise bad(op, f"has operands of shapes {[list(shape) for shape in shapes]}; two dimensions each are expected")
    types = taken.dtype, feature.dtype, time.dtype, state.dtype
    if types not in (("int8",) * 4, ("int8", "int8", "int16", "int16")):
        raise UnsupportedError(f"{layer_name(op)}: {taken.dtype} with a state of {state.dtype} is not counted")
    (batches, inputs), (filters, steps) = taken.shape, time.shape
    counts: Counts = {
        CALL: 1,
        "moved": state.bytes,
        "batches": batches,
        "filter_pairs": batches * pairs(filters),
        "filters": batches * filters,
        "units": batches * (filters // max(1, integer(op, "rank"))),
    }
    runs = batches * misaligned_rows(filters, inputs, True) + pairs(filters) * misaligned_rows(batches, inputs)
    counts |= words("feature", batches * pairs(filters), inputs, runs, target)
    counts |= _time(state.dtype, batches, filters, steps, target)
    feature_bytes = feature.elements + time.bytes
    streams = Stream(feature_bytes, batches, inputs, constant=True), Stream(state.bytes, 2, 0, constant=False)
    if state.dtype == "int16":
        return Cost("arm_svdf_state_s16_s8", counts, streams)
    return Cost("mcusim_svdf_s8" if quantization(op, state).zero_point else "arm_svdf_s8", counts, streams)


def _time(dtype: str, batches: int, filters: int, steps: int, target: Target) -> Counts:
    """The memories of all filters times their weights: of int8 four products at a time, of int16 two."""
    times = batches * filters
    if dtype == "int8":
        # State and weights are read once a word, the latter twice: for a second row that is the first again.
        return words("time", times, steps, 2 * batches * misaligned_rows(filters, steps), target)
    if not target.dsp:
        return {"time_elements": times * steps}
    return {
        "time_pairs": times * (steps // 2),
        "time_has_pairs": times * (steps >= 2),
        "time_has_rest": times * (steps % 2),
        "time_misaligned": batches * misaligned_rows(filters, 2 * steps) * (steps // 2),
    }


def _drawn(state_type: str, *, has_zero_point: bool = False) -> Draw:
    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        rank, units = int(rng.integers(1, 4)), extent(rng, 1, 96)
        inputs, steps, batches = extent(rng, 1, 192), int(rng.integers(1, 17)), 1 if rng.random() < 0.8 else 2
        while rank * units * (inputs + steps) > MOST_DRAWN_WEIGHTS:
            units //= 2
        filters = rank * units
        taken = source(sketch, rng, (batches, inputs))
        feature = sketch.constant(rng.integers(-127, 128, (filters, inputs), dtype=np.int8), (WEIGHT_SCALE,))
        values = rng.integers(-127, 128, (filters, steps)).astype(state_type)
        time = sketch.constant(values, (WEIGHT_SCALE,))
        scale = INPUT_SCALE * WEIGHT_SCALE * SPREAD["int8"] ** 2 * math.sqrt(inputs) / OUTPUT_SPREAD[state_type]
        state = sketch.state((batches, filters * steps), scale, 3 if has_zero_point else 0, state_type)
        sums = sketch.scale(state) * sketch.scale(time)
        bias = sketch.constant(rng.integers(-500, 500, units, dtype=np.int32), (sums,))
        spread = sums * OUTPUT_SPREAD[state_type] * SPREAD["int8"] * math.sqrt(rank) / OUTPUT_SPREAD["int8"]
        output = sketch.activation((batches, units), spread, int(rng.choice([-128, 0, 5])))
        operands = taken, feature, time, bias, state
        sketch.op("SVDF", operands, (output,), rank=rank, fused_activation_function="NONE")

    return draw


SVDF = Costing(_count, *one_of((_drawn("int8"), 50), (_drawn("int8", has_zero_point=True), 30), (_drawn("int16"), 50)))
