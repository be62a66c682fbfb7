"""BATCH_MATMUL: a layer → which kernel runs, and its loop counts with those of the transpositions before it."""

from __future__ import annotations

import math

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, misaligned, misaligned_rows, words
from mcusim.costs.drawing import INPUT_SCALE, INT8, INT16, Draw, Types, extent, one_of, result, source
from mcusim.costs.products import by_threes, pairs
from mcusim.errors import UnsupportedError
from mcusim.model import Model, Op
from mcusim.operands import bad, four_dimensions, integer, layer_name, operand, quantization
from mcusim.sketch import Sketch

MOST_DRAWN_MACS, MOST_DRAWN_ELEMENTS = 60_000, 6_000
SUFFIXES = {"int8": "s8", "int16": "s16"}

_Shape = tuple[int, int, int, int]


def _count(model: Model, op: Op, target: Target) -> Cost:
    left, right = operand(model, op, 0, "left side"), operand(model, op, 1, "right side")
    if left.dtype not in SUFFIXES or not all(2 <= len(one.shape) <= 4 for one in (left, right)):
        raise UnsupportedError(f"{layer_name(op)}: {left.dtype} of {len(left.shape)} dimensions is not counted")
    flips_left, flips_right = bool(integer(op, "adj_x")), not integer(op, "adj_y")
    # A constant right side lies transposed already.
    transposed = [left] * flips_left + [right] * (flips_right and not right.is_constant)
    of_left = _as_rows(four_dimensions(left.shape), flips_left)
    of_right = _as_rows(four_dimensions(right.shape), flips_right)
    if of_left[3] != of_right[3]:
        raise bad(op, f"multiplies shapes {list(left.shape)} and {list(right.shape)}, which do not go together")
    n, h = max(of_left[0], of_right[0]), max(of_left[1], of_right[1])
    rows = of_left[2]
    if of_right[1] == 1 and min(len(left.shape), len(right.shape)) > 2:
        # One right side serves all of h: their rows are those of one matrix.
        n, h, rows = 1, n, h * rows
    matrices, columns, depth = n * h, of_right[2], of_right[3]
    counts: Counts = {CALL: 1, "matrices": matrices, "rows": matrices * rows}
    counts["transposed"] = len(transposed)
    counts["transposed_rows"] = sum(one.elements // one.shape[-1] for one in transposed)
    counts["transposed_elements"] = sum(one.elements for one in transposed)
    size = 1 if left.dtype == "int8" else 2
    if size == 2:
        counts |= _products_s16(matrices * rows, columns, depth, target)
    else:
        has_offset = quantization(op, right).zero_point != 0
        counts |= _products_s8(matrices, rows, columns, depth, target, has_offset=has_offset)
    reads_constant = right.is_constant and not flips_right
    if reads_constant:
        # They may take longer to read than the arena.
        counts["constant_bytes"] = matrices * rows * columns * depth * size
    matrix = Stream(columns * depth * size, rows, depth * size, reads_constant, right.file_offset or 0, matrices)
    values = Stream(left.bytes, 1, 0, left.is_constant)
    return Cost(f"arm_batch_matmul_{SUFFIXES[left.dtype]}", counts, (matrix, values))


def _as_rows(shape: _Shape, flips: bool) -> _Shape:
    """The shape with the dimension that is summed along last."""
    n, h, rows, columns = shape
    return (n, h, columns, rows) if flips else shape


def _products_s8(matrices: int, rows: int, columns: int, depth: int, target: Target, *, has_offset: bool) -> Counts:
    """As FULLY_CONNECTED does them: a row by two columns at a time with DSP instructions, else by three."""
    if not target.dsp:
        counts = by_threes(matrices * rows, depth, columns)
        return counts | {"offset_elements": matrices * rows * depth if has_offset else 0}
    column_pairs = matrices * rows * pairs(columns)
    of_columns: float = misaligned_rows(columns, depth, True)
    if matrices > 1 and columns * depth % 4:
        of_columns = 2 * pairs(columns) * misaligned(depth)
    runs = matrices * rows * of_columns + pairs(columns) * misaligned_rows(matrices * rows, depth)
    return {"column_pairs": column_pairs} | words("product", column_pairs, depth, runs, target)


def _products_s16(rows: int, columns: int, depth: int, target: Target) -> Counts:
    """One output at a time, four products at a time with DSP instructions."""
    outputs = rows * columns
    # Two words each of both sides, of which half of the rows begin between words where they are odd.
    runs = 2 * outputs * (0.5 if depth % 2 else 0.0)
    return {"outputs": outputs} | words("product", outputs, depth, runs, target)


def _drawn(types: Types) -> Draw:
    """Matrices, or batches of them; the right side constant, with as many batches, or one for all."""

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        rows, columns, depth = extent(rng, 1, 48), extent(rng, 1, 96), extent(rng, 1, 256)
        while rows * columns * depth > MOST_DRAWN_MACS or max(rows, columns) * depth > MOST_DRAWN_ELEMENTS:
            rows, columns, depth = max(1, rows // 2), max(1, columns // 2), max(1, depth // 2)
        batches = [int(rng.integers(1, 5)) for _ in range(int(rng.choice([0, 1, 1, 2])))]
        if math.prod(batches) * max(rows, columns) * depth > MOST_DRAWN_ELEMENTS:
            batches = [1] * len(batches)
        adj_x, adj_y = bool(rng.random() < 0.25), bool(rng.random() < 0.5)
        left = source(sketch, rng, (*batches, *((depth, rows) if adj_x else (rows, depth))), types.activations)
        outer = [1] * len(batches) if rng.random() < 0.2 else batches
        shape = (*outer, *((columns, depth) if adj_y else (depth, columns)))
        if rng.random() < 0.3:
            most = np.iinfo(types.activations).max
            values = rng.integers(-most, most + 1, shape).astype(types.activations)
            right = sketch.constant(values, (INPUT_SCALE,), 0, 4 if types is INT8 and rng.random() < 0.7 else 0)
        else:
            right = source(sketch, rng, shape, types.activations)
        # Transposed copies.
        bytes_of = {index: sketch.tensors[index].bytes for index in (left, right)}
        sketch.kept_bytes += bytes_of[left] * adj_x + bytes_of[right] * (not adj_y)
        factor = Types(types.activations, types.activations, "")
        output = result(sketch, rng, (*batches, rows, columns), depth, factor, INPUT_SCALE)
        sketch.op("BATCH_MATMUL", (left, right), (output,), adj_x=adj_x, adj_y=adj_y, asymmetric_quantize_inputs=False)

    return draw


BATCH_MATMUL = Costing(_count, *one_of((_drawn(INT8), 70), (_drawn(INT16), 60)))
