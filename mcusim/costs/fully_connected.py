"""FULLY_CONNECTED: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, misaligned_rows, words
from mcusim.costs.drawing import INT4_WEIGHTS, INT8, INT16, Draw, Types, extent, one_of, result, source, weights
from mcusim.costs.products import SHORT_DEPTH, matrix, packed, packed_rows, pairs, vector
from mcusim.costs.windows import kind_of
from mcusim.model import Model, Op
from mcusim.operands import bad, operand
from mcusim.operands import result as output_of
from mcusim.sketch import Sketch

MOST_DRAWN_WEIGHTS = 40_000


def _count(model: Model, op: Op, target: Target) -> Cost:
    taken, filters, output = operand(model, op, 0, "input"), operand(model, op, 1, "weights"), output_of(model, op)
    kind = kind_of(op, taken, filters)
    if len(filters.shape) != 2 or 0 in filters.shape:
        raise bad(op, f"has weights of shape {list(filters.shape)}; two dimensions of 1 or more are expected")
    channels, depth = filters.shape
    batches = taken.elements // depth
    of = filters.quantization
    per_channel = of is not None and of.per_channel
    if kind == "s16":
        return _count_s16(batches, depth, channels, target)
    if kind == "s4":
        return _count_s4(batches, depth, channels, target)
    if len(output.shape) > 2 and depth % 4 == 0:
        cost = matrix("arm_convolve_1x1_s8_fast", 1, batches, depth, channels, target, filters.file_offset or 0)
        # One scale is repeated for all channels first.
        return cost if per_channel else dataclasses.replace(cost, counts={**cost.counts, "scales": channels})
    kernel = "arm_fully_connected_per_channel_s8" if per_channel else "arm_fully_connected_s8"
    cost = vector(kernel, batches, depth, channels, target)
    if target.dsp or of is None or not any(of.zero_points):
        return cost
    return dataclasses.replace(cost, counts={**cost.counts, "offset_elements": batches * depth})


def _count_s16(batches: int, depth: int, channels: int, target: Target) -> Cost:
    """Two channels at a time, sums of 64 bits of parts that fit in 32."""
    channel_pairs = batches * pairs(channels)
    counts: Counts = {CALL: 1, "rows": batches, "channel_pairs": channel_pairs}
    counts["parts"] = channel_pairs * -(-depth // SHORT_DEPTH)
    runs = batches * misaligned_rows(channels, depth, True)
    counts |= words("product", channel_pairs, depth, runs, target)
    if target.dsp:
        counts["values_misaligned"] = pairs(channels) * misaligned_rows(batches, 2 * depth) * (depth // 4)
    weights = Stream(channels * (depth + 8), batches, 2 * depth, constant=True)
    return Cost("arm_fully_connected_s16", counts, (weights,))


def _count_s4(batches: int, depth: int, channels: int, target: Target) -> Cost:
    """One channel at a time, four weights at a time with DSP instructions, else two."""
    counts: Counts = {CALL: 1, "rows": batches, "outputs": batches * channels}
    counts |= packed("weights", batches, channels, depth, (4, 2, 1) if target.dsp else (2, 1))
    if target.dsp:
        counts["values_misaligned"] = sum(
            rows * ((depth - head) // 4) * sum((batch * depth + head) % 4 != 0 for batch in range(batches))
            for head, rows in packed_rows(channels, depth)
        )
    weights = Stream(channels * (depth // 2 + 4), batches, depth, constant=True)
    return Cost("arm_fully_connected_s4", counts, (weights,))


def _drawn(types: Types) -> Draw:
    """Rows of one layer or of several; of int8 some as a 1 × 1 convolution, and weights with a zero point."""

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        per_channel = types is INT8 and rng.random() < 0.3
        channels, depth = extent(rng, 1, 256), extent(rng, 1, 2_048 if types is INT16 else 1_024)
        while channels * depth > MOST_DRAWN_WEIGHTS:
            channels, depth = max(1, channels // 2), depth // 2
        batches = 1 if rng.random() < 0.8 else int(rng.integers(2, 5))
        is_deep = types is INT8 and depth % 4 == 0 and rng.random() < 0.25
        zero_point = 3 if types is INT8 and not per_channel and not is_deep and rng.random() < 0.1 else 0
        taken = source(sketch, rng, (batches, depth), types.activations)
        shape = channels, depth
        filters, bias = weights(sketch, rng, shape, channels, 0, types, zero_point, per_channel=per_channel)
        rows = (1, batches) if is_deep else (batches,)
        output = result(sketch, rng, (*rows, channels), depth, types)
        sketch.op(
            "FULLY_CONNECTED",
            (taken, filters, bias),
            (output,),
            weights_format="DEFAULT",
            keep_num_dims=is_deep,
            fused_activation_function=str(rng.choice(["NONE", "RELU"])),
        )

    return draw


FULLY_CONNECTED = Costing(_count, *one_of((_drawn(INT8), 140), (_drawn(INT4_WEIGHTS), 50), (_drawn(INT16), 50)))
