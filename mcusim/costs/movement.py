"""Operators that move elements as they are: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcusim.byte_runs import ALIGNMENT, addresses, copies, copies_between, looped
from mcusim.call_costs import Arguments, Counted, by_calls, members, whole
from mcusim.cost import Cost, Costing, Counts, Target
from mcusim.layer_drawing import int32s, picked, sizes_of
from mcusim.model import Model, Op
from mcusim.operands import constant
from mcusim.sketch import Sketch

Function = Callable[[Arguments, Target], Counted]

MOST_DRAWN_BYTES = 8_000
FEW_BYTES = 16  # below which memcpy takes another way


def _reshape(arguments: Arguments, target: Target) -> Counted:
    """Of a few bytes, each number of words and of bytes behind them is a way of its own."""
    size = whole(arguments[2])
    if size < FEW_BYTES and target.unaligned:
        return " of a few bytes", {f"words_{size // 4}": 1.0, f"rest_{size % 4}": 1.0}, {}
    return "" if size >= FEW_BYTES else " of a few bytes", copies("copied", size, ((1, 0, 0),), (0, 0), target), {}


def _concatenation(axis: int, arguments: Arguments, target: Target) -> Counted:
    """CMSIS-NN counts dimensions from the innermost; `axis` is that of x, y, z and w."""
    x, y, z, w = (whole(one) for one in arguments[1:5])
    sizes = (x, y, z, w)
    offset = whole(arguments[-1]) * math.prod(sizes[:axis])
    size = math.prod(sizes[: axis + 1])
    step = 0 if axis == 3 else whole(arguments[6]) * math.prod(sizes[:axis])
    return "", copies("copied", size, ((math.prod(sizes[axis + 1 :]), size, step),), (0, offset), target), {}


def _transpose_s8(arguments: Arguments, target: Target) -> Counted:
    rank = members(arguments[4])[0]
    shape = members(arguments[2])[:rank]
    loops: Counts = {name: math.prod(shape[:end]) for name, end in _loops(rank)}
    return "", loops | {"axes": rank}, {}


def _loops(rank: int) -> tuple[tuple[str, int], ...]:
    """The loops of a walk, and how many axes lie outside of each's body."""
    return ("elements", rank), ("rows", max(0, rank - 1)), ("planes", max(0, rank - 2)), ("blocks", max(0, rank - 3))


def _strided_copy(arguments: Arguments, target: Target) -> Counted:
    """Neighbours along the innermost axis have a loop of their own; single bytes of them go several at once."""
    sizes, steps, size = members(arguments[1]), members(arguments[2]), whole(arguments[3])
    counts: Counts = {name: math.prod(sizes[:end]) for name, end in _loops(5)}
    rows, elements = counts.pop("rows"), counts.pop("elements")
    if steps[4] != 1:
        counts |= {"apart_rows": rows, "apart": elements, "apart_odd": rows * (sizes[4] % 2)}
    else:
        counts["neighbour_rows"] = rows
        counts |= looped("neighbour", rows, sizes[4]) if size == 1 else {"neighbours": elements}
    return f" of {size} bytes", counts, {}


def _copy_rows(arguments: Arguments, target: Target) -> Counted:
    """A memcpy for each row, written one behind the other."""
    sizes, steps, size = members(arguments[1]), members(arguments[2]), whole(arguments[3])
    row = sizes[4] * size
    loops: Counts = {"planes": math.prod(sizes[:3]), "blocks": math.prod(sizes[:2])}
    steps_of = _behind_each_other(sizes[:4], [step * size for step in steps[:4]], row)
    return "", loops | copies("copied", row, steps_of, (0, 0), target), {}


def _behind_each_other(sizes: Sequence[int], steps: Sequence[int], run: int) -> tuple[tuple[int, int, int], ...]:
    """Nested loops that read by steps, and write runs of bytes one behind the other."""
    return tuple((size, steps[axis], run * math.prod(sizes[axis + 1 :])) for axis, size in enumerate(sizes))


def _strided_slice(arguments: Arguments, target: Target) -> Counted:
    """A row of neighbours takes one memcpy, elements with others between them one each."""
    sizes, begin, ends, strides = (members(arguments[position]) for position in range(1, 5))
    size = whole(arguments[5])
    counts = [-(-(b - a) // c) for a, b, c in zip(begin, ends, strides, strict=True)]
    inner = [size * math.prod(sizes[axis + 1 :]) for axis in range(5)]
    offset = sum(a * b for a, b in zip(begin, inner, strict=True))
    steps = [a * b for a, b in zip(strides, inner, strict=True)]
    loops: Counts = {"planes": math.prod(counts[:3]), "blocks": math.prod(counts[:2])}
    if strides[4] == 1:
        row = counts[4] * size
        walk = _behind_each_other(counts[:4], steps[:4], row)
        return "", loops | copies("copied", row, walk, (offset, 0), target), {}
    walk = _behind_each_other(counts, steps, size)
    rows: Counts = {"rows": math.prod(counts[:4])}
    return " of elements", loops | rows | copies("copied", size, walk, (offset, 0), target), {}


def _copy_blocks(arguments: Arguments, target: Target) -> Counted:
    source, input_step, size, times, output_step, output = arguments
    steps = whole(times), whole(input_step), whole(output_step)
    return "", copies("copied", whole(size), (steps,), (_offset(source), _offset(output)), target), {}


def _offset(pointer: object) -> int:
    return int(getattr(pointer, "byte_offset", 0))


def _gather(arguments: Arguments, target: Target) -> Counted:
    """The blocks lie anywhere in the input, as far as their size lets them: every other one, one of three ..."""
    batches, outer, _, size, count = (whole(one) for one in arguments[2:7])
    loops: Counts = {"rows": batches * outer, "batches": batches}
    anywhere = ((batches * outer, 0, count * size), (count, 0, size), (ALIGNMENT, size, 0))
    runs = addresses((0, 0), anywhere)
    return "", loops | copies_between("copied", batches * outer * count, size, runs, target), {}


def _count_transpose(model: Model, op: Op, target: Target) -> Cost:
    """Where the innermost axis stays the innermost, arm_transpose_s8 has a loop of its own."""
    cost = by_calls(FUNCTIONS)(model, op, target)
    permutation = constant(model, op, 1, "permutation")
    if cost.kernel == "arm_transpose_s8" and permutation is not None and permutation[-1] == len(permutation) - 1:
        return dataclasses.replace(cost, kernel=f"{cost.kernel} of neighbours")
    return cost


FUNCTIONS: Mapping[str, Function] = {
    "arm_concatenation_s8_w": functools.partial(_concatenation, 3),
    "arm_concatenation_s8_x": functools.partial(_concatenation, 0),
    "arm_concatenation_s8_y": functools.partial(_concatenation, 1),
    "arm_concatenation_s8_z": functools.partial(_concatenation, 2),
    "arm_reshape_s8": _reshape,
    "arm_transpose_s8": _transpose_s8,
    "mcusim_copy_blocks": _copy_blocks,
    "mcusim_copy_rows": _copy_rows,
    "mcusim_gather": _gather,
    "mcusim_strided_copy": _strided_copy,
    "mcusim_strided_slice": _strided_slice,
}


def _draw_reshape(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    size = round(math.exp(rng.uniform(math.log(FEW_BYTES), math.log(MOST_DRAWN_BYTES))))
    size = int(rng.integers(1, FEW_BYTES)) if rng.random() < 0.5 else size
    source = sketch.activation((1, size))
    inputs = (source, int32s(sketch, (0,))) if name == "EXPAND_DIMS" else (source,)
    sketch.op(name, inputs, (sketch.activation((size, 1)),))


def _draw_concatenation(sketch: Sketch, rng: np.random.Generator) -> None:
    axis, rest, dtype = int(rng.integers(0, 4)), sizes_of(rng, 4), picked(rng, ("int8", "int8", "int16", "float32"))
    inputs = []
    for _ in range(int(rng.integers(2, 5))):
        rest[axis] = int(rng.integers(1, 33))
        inputs.append(sketch.activation(rest, dtype=dtype))
    rest[axis] = sum(sketch.shape(index)[axis] for index in inputs)
    output = sketch.activation(rest, dtype=dtype)
    sketch.op("CONCATENATION", inputs, (output,), axis=axis, fused_activation_function="NONE")


def _draw_transpose(sketch: Sketch, rng: np.random.Generator) -> None:
    rank, dtype = int(rng.integers(2, 5)), picked(rng, ("int8", "int8", "int16", "float32"))
    shape = sizes_of(rng, rank, 12)
    permutation = [int(axis) for axis in rng.permutation(rank)]
    if rng.random() < 0.3:
        permutation = [*(int(axis) for axis in rng.permutation(rank - 1)), rank - 1]
    output = sketch.activation([shape[axis] for axis in permutation], dtype=dtype)
    sketch.op("TRANSPOSE", (sketch.activation(shape, dtype=dtype), int32s(sketch, permutation)), (output,))


def _draw_broadcast_to(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = (
        sizes_of(rng, int(rng.integers(1, 5)), 12),
        picked(rng, ("int8", "int8", "int16", "float32", "int64")),
    )
    source = sketch.activation([1 if rng.random() < 0.5 else size for size in shape], dtype=dtype)
    sketch.op("BROADCAST_TO", (source, int32s(sketch, shape)), (sketch.activation(shape, dtype=dtype),))


def _draw_slice(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    rank, dtype = int(rng.integers(1, 5)), picked(rng, ("int8", "int16", "float32"))
    shape = [size + 4 for size in sizes_of(rng, rank, 12)]
    begin = [int(rng.integers(0, 3)) for _ in shape]
    sizes = [int(rng.integers(1, size - start + 1)) for size, start in zip(shape, begin, strict=True)]
    source = sketch.activation(shape, dtype=dtype)
    if name == "SLICE":
        sketch.op(
            name, (source, int32s(sketch, begin), int32s(sketch, sizes)), (sketch.activation(sizes, dtype=dtype),)
        )
        return
    strides = [int(rng.integers(1, 3)) if rng.random() < 0.4 else 1 for _ in shape]
    ends = [start + size for start, size in zip(begin, sizes, strict=True)]
    inputs = (source, *(int32s(sketch, one) for one in (begin, ends, strides)))
    output = sketch.activation([-(-size // stride) for size, stride in zip(sizes, strides, strict=True)], dtype=dtype)
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    sketch.op(name, inputs, (output,), **masks, offset=False)


def _draw_split(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    """Parts of a tensor, of one size but for SPLIT_V."""
    rank, dtype, count = int(rng.integers(1, 5)), picked(rng, ("int8", "int16", "float32")), int(rng.integers(2, 5))
    shape, axis = sizes_of(rng, rank, 12), int(rng.integers(rank))
    same = 1 if name == "UNPACK" else int(rng.integers(1, 9))
    sizes = [int(rng.integers(1, 9)) if name == "SPLIT_V" else same for _ in range(count)]
    shape[axis] = sum(sizes)
    source = sketch.activation(shape, dtype=dtype)
    parts = [[*shape[:axis], *(() if name == "UNPACK" else (size,)), *shape[axis + 1 :]] for size in sizes]
    outputs = [sketch.activation(part, dtype=dtype) for part in parts]
    if name == "UNPACK":
        sketch.op(name, (source,), outputs, num=count, axis=axis)
    elif name == "SPLIT":
        sketch.op(name, (int32s(sketch, (axis,)), source), outputs, num_splits=count)
    else:
        sketch.op(name, (source, int32s(sketch, sizes), int32s(sketch, (axis,))), outputs, num_splits=count)


def _draw_pack(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, count = sizes_of(rng, int(rng.integers(1, 4)), 12), int(rng.integers(2, 5))
    axis, dtype = int(rng.integers(len(shape) + 1)), picked(rng, ("int8", "int16", "float32"))
    inputs = [sketch.activation(shape, dtype=dtype) for _ in range(count)]
    output = sketch.activation([*shape[:axis], count, *shape[axis:]], dtype=dtype)
    sketch.op("PACK", inputs, (output,), values_count=count, axis=axis)


def _draw_gather(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = sizes_of(rng, int(rng.integers(1, 4)), 24), picked(rng, ("int8", "float32"))
    axis, count = int(rng.integers(len(shape))), int(rng.integers(1, 9))
    indices = int32s(sketch, rng.integers(0, shape[axis], count).tolist())
    output = sketch.activation([*shape[:axis], count, *shape[axis + 1 :]], dtype=dtype)
    sketch.op("GATHER", (sketch.activation(shape, dtype=dtype), indices), (output,), axis=axis, batch_dims=0)


def _draw_depth(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    (h, w), c, block = sizes_of(rng, 2, 6), int(rng.integers(1, 25)), int(rng.integers(2, 4))
    dtype = picked(rng, ("int8", "float32"))
    deep, wide = (1, h, w, c * block * block), (1, h * block, w * block, c)
    source, output = (deep, wide) if name == "DEPTH_TO_SPACE" else (wide, deep)
    tensors = [sketch.activation(one, dtype=dtype) for one in (source, output)]
    sketch.op(name, tensors[:1], tensors[1:], block_size=block)


def _draw_variable(sketch: Sketch, rng: np.random.Generator) -> None:
    """A variable of a name of its own, which is written and read."""
    shape = (1, int(rng.integers(16, 200)))
    handle = sketch.activation((1,), dtype="resource")
    sketch.op("VAR_HANDLE", (), (handle,), container="", shared_name=f"variable {len(sketch.ops)}")
    sketch.op("ASSIGN_VARIABLE", (handle, sketch.activation(shape)), ())
    sketch.op("READ_VARIABLE", (handle,), (sketch.activation(shape),))


def _costing(draw: Callable[[Sketch, np.random.Generator], None], samples: int) -> Costing:
    return Costing(by_calls(FUNCTIONS), draw, samples)


def _named(draw: Callable[[str, Sketch, np.random.Generator], None], name: str, samples: int) -> Costing:
    return _costing(functools.partial(draw, name), samples)


ASSIGN_VARIABLE = _costing(_draw_variable, 2)
BROADCAST_TO = _costing(_draw_broadcast_to, 90)
CALL_ONCE = _costing(_draw_variable, 0)
CONCATENATION = _costing(_draw_concatenation, 160)
DEPTH_TO_SPACE = _named(_draw_depth, "DEPTH_TO_SPACE", 20)
EXPAND_DIMS = _named(_draw_reshape, "EXPAND_DIMS", 2)
GATHER = _costing(_draw_gather, 50)
PACK = _costing(_draw_pack, 30)
READ_VARIABLE = _costing(_draw_variable, 2)
RESHAPE = _named(_draw_reshape, "RESHAPE", 90)
SLICE = _named(_draw_slice, "SLICE", 40)
SPACE_TO_DEPTH = _named(_draw_depth, "SPACE_TO_DEPTH", 20)
SPLIT = _named(_draw_split, "SPLIT", 16)
SPLIT_V = _named(_draw_split, "SPLIT_V", 16)
SQUEEZE = _named(_draw_reshape, "SQUEEZE", 2)
STRIDED_SLICE = _named(_draw_slice, "STRIDED_SLICE", 60)
TRANSPOSE = Costing(_count_transpose, _draw_transpose, 110)
UNPACK = _named(_draw_split, "UNPACK", 16)
VAR_HANDLE = _costing(_draw_variable, 0)
