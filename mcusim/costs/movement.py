"""Operators that copy: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import math

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, copy, fill
from mcusim.errors import UnsupportedError
from mcusim.model import Model, Op
from mcusim.operands import four_dimensions, integer, layer_name, operand, result
from mcusim.sketch import Sketch

MOST_DRAWN_BYTES = 8_000


def _aligned(times: int, *places: tuple[int, int]) -> float:
    """The share of runs that find all places, each its (offset, step from run to run), at a multiple of 4."""
    runs = range(max(1, min(times, 4)))
    return sum(all((offset + run * step) % 4 == 0 for offset, step in places) for run in runs) / len(runs)


def _sum(*parts: Counts) -> Counts:
    """Counts of one kind of loop at several places."""
    return {name: sum(part.get(name, 0.0) for part in parts) for part in parts for name in part}


def _count_reshape(model: Model, op: Op, target: Target) -> Cost:
    """Less than 16 bytes take another way through memcpy."""
    source = operand(model, op, 0, "input")
    counts: Counts = {CALL: 1} | copy("copied", 1, source.bytes, 1.0, target)
    kernel = "arm_reshape_s8" if source.bytes >= 16 else "arm_reshape_s8 of a few bytes"
    return Cost(kernel, counts, (Stream(source.bytes, 1, 0, source.is_constant),))


def _count_pad(model: Model, op: Op, target: Target) -> Cost:
    source, output = operand(model, op, 0, "input"), result(model, op)
    streams = (Stream(source.elements, 1, 0, constant=False),)
    n, h, w, c = four_dimensions(source.shape)
    _, _, output_w, output_c = four_dimensions(output.shape)
    (_, _), (top, bottom), (left, right), (front, back) = _paddings(model, op)
    output_row = output_w * output_c
    counts: Counts = {CALL: 1, "images": n, "rows": n * h}
    start = top * output_row
    fills = [
        fill("filled", n, size * output_row, _aligned(1, (offset, 0)), target)
        for size, offset in ((top, 0), (bottom, start + h * output_row))
    ]
    for size, offset in ((left, start), (right, start + output_row - right * output_c)):
        fills.append(fill("filled", n * h, size * output_c, _aligned(h, (offset, output_row)), target))
    start += left * output_c
    if c == output_c:
        aligned = _aligned(h, (0, w * c), (start, output_row))
        return Cost("arm_pad_s8", counts | copy("copied", n * h, w * c, aligned, target) | _sum(*fills), streams)
    pixels = n * h * w
    for size, offset in ((front, start), (back, start + front + c)):
        fills.append(fill("filled", pixels, size, _aligned(w, (offset, output_c)), target))
    counts |= {"pixels": pixels}
    counts |= copy("copied", pixels, c, _aligned(w, (0, c), (start + front, output_c)), target)
    return Cost("arm_pad_s8", counts | _sum(*fills), streams)


def _paddings(model: Model, op: Op) -> list[tuple[int, int]]:
    """Elements in front of and behind each of four dimensions."""
    paddings = operand(model, op, 1, "paddings")
    if paddings.data is None or len(paddings.data) > 4:
        raise UnsupportedError(f"{layer_name(op)}: paddings that are not constant are not counted")
    rows = [(int(before), int(after)) for before, after in paddings.data.tolist()]
    return [(0, 0)] * (4 - len(rows)) + rows


def _count_concatenation(model: Model, op: Op, target: Target) -> Cost:
    output, axis = result(model, op), integer(op, "axis")
    rank = len(output.shape)
    axis %= rank
    blocks = math.prod(output.shape[:axis])
    inputs = [operand(model, op, position, "input") for position in range(len(op.inputs))]
    sizes = [tensor.elements // blocks for tensor in inputs]
    copies, offset = [], 0
    for size in sizes:
        aligned = _aligned(blocks, (0, size), (offset, sum(sizes)))
        copies.append(copy("copied", blocks, size, aligned, target))
        offset += size
    counts: Counts = {CALL: 1, "inputs": len(inputs)} | _sum(*copies)
    kernel = f"arm_concatenation_s8_{'wzyx'[axis + 4 - rank]}"
    return Cost(kernel, counts, tuple(Stream(tensor.elements, 1, 0, constant=False) for tensor in inputs))


def _draw_reshape(sketch: Sketch, rng: np.random.Generator) -> None:
    size = round(math.exp(rng.uniform(math.log(16), math.log(MOST_DRAWN_BYTES))))
    size = int(rng.integers(1, 16)) if rng.random() < 0.4 else size
    source = sketch.activation((1, size))
    sketch.op("RESHAPE", (source,), (sketch.activation((size, 1)),))


def _draw_pad(sketch: Sketch, rng: np.random.Generator) -> None:
    h, w = (int(one) for one in rng.integers(1, 13, 2))
    c = int(rng.integers(1, 65))
    before, after = rng.integers(0, 4, 4), rng.integers(0, 4, 4)
    for pads in (before, after):
        pads[0] = 0
        pads[3] = 0 if rng.random() < 0.8 else pads[3]
    shape = tuple(int(a + size + b) for a, size, b in zip(before, (1, h, w, c), after, strict=True))
    paddings = sketch.constant(np.stack([before, after], axis=1).astype(np.int32))
    source = sketch.activation((1, h, w, c))
    sketch.op("PAD", (source, paddings), (sketch.activation(shape),))


def _draw_concatenation(sketch: Sketch, rng: np.random.Generator) -> None:
    axis, rest = int(rng.integers(0, 4)), [int(one) for one in rng.integers(1, 9, 4)]
    inputs = []
    for _ in range(int(rng.integers(2, 5))):
        rest[axis] = int(rng.integers(1, 33))
        inputs.append(sketch.activation(rest))
    rest[axis] = sum(sketch.shape(index)[axis] for index in inputs)
    output = sketch.activation(rest)
    sketch.op("CONCATENATION", inputs, (output,), axis=axis, fused_activation_function="NONE")


RESHAPE = Costing(_count_reshape, _draw_reshape, 50)
PAD = Costing(_count_pad, _draw_pad, 40)
CONCATENATION = Costing(_count_concatenation, _draw_concatenation, 80)
