"""Operators that move elements as they are: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mcusim.byte_runs import ALIGNMENT, Runs, add, addresses, copies, copies_between, fills, looped
from mcusim.call_costs import Arguments, Counted, by_calls, members, whole
from mcusim.cost import Cost, Costing, Counts, Target
from mcusim.layer_drawing import picked, shape_of
from mcusim.model import Model, Op
from mcusim.operands import constant
from mcusim.sketch import Sketch

Function = Callable[[Arguments, Target], Counted]

MOST_DRAWN_BYTES = 8_000
FEW_BYTES = 16  # below which memcpy takes another way


def _reshape(arguments: Arguments, target: Target) -> Counted:
    size = whole(arguments[2])
    kind = "" if size >= FEW_BYTES else " of a few bytes"
    return kind, copies("copied", size, ((1, 0, 0),), (0, 0), target), {}


def _pad_s8(arguments: Arguments, target: Target) -> Counted:
    n, h, w, c = members(arguments[3])
    (first, top, left, front), (last, bottom, right, back) = members(arguments[4]), members(arguments[5])
    pixel = front + c + back
    row = pixel * (left + w + right)
    image = row * (top + h + bottom)
    start = first * image + top * row
    counts: Counts = {"images": n, "rows": n * h}
    fill = functools.partial(fills, "filled", target=target)
    parts = [fill(first * image, ((1, 0),), offset=0), fill(last * image, ((1, 0),), offset=(first + n) * image)]
    parts += [fill(top * row, ((n, image),), offset=first * image)]
    parts += [fill(bottom * row, ((n, image),), offset=start + h * row)]
    of_rows = ((n, image), (h, row))
    parts += [fill(left * pixel, of_rows, offset=start)]
    parts += [fill(right * pixel, of_rows, offset=start + row - right * pixel)]
    start += left * pixel
    if pixel == c:
        parts.append(copies("copied", w * c, ((n, h * w * c, image), (h, w * c, row)), (0, start), target))
        return "", add(counts, *parts), {}
    pixels = (*of_rows, (w, pixel))
    parts += [fill(front, pixels, offset=start), fill(back, pixels, offset=start + front + c)]
    steps = ((n, h * w * c, image), (h, w * c, row), (w, c, pixel))
    parts.append(copies("copied", c, steps, (0, start + front), target))
    return " of channels", add(counts, {"pixels": n * h * w}, *parts), {}


def _pad(arguments: Arguments, target: Target) -> Counted:
    """Each output element is looked at, axis by axis until one is outside."""
    sizes, befores, outputs = (members(one) for one in arguments[1:4])
    counts: Counts = {"rows": math.prod(outputs[:4]), "planes": math.prod(outputs[:3])}
    inside = 1
    for axis, (size, before, output) in enumerate(zip(sizes, befores, outputs, strict=True)):
        rest = math.prod(outputs[axis + 1 :])
        counts[f"before_{axis}"] = inside * before * rest
        counts[f"after_{axis}"] = inside * (output - size - before) * rest
        inside *= size
    return f" of {whole(arguments[5])} bytes", counts | {"inside": inside}, {}


def _mirror_pad(arguments: Arguments, target: Target) -> Counted:
    """Five divisions an element, by the sizes of the axes; the larger the quotient, the longer each takes."""
    outputs = members(arguments[3])
    elements = math.prod(outputs)
    counts: Counts = {"elements": elements}
    rest = elements
    for size in reversed(outputs):
        counts["quotient_bits"] = counts.get("quotient_bits", 0.0) + elements * math.log2(max(1.0, rest / size))
        counts["quotients"] = counts.get("quotients", 0.0) + elements * (1 - min(1.0, size / rest))
        rest = max(1, rest // size)
    return f" of {whole(arguments[5])} bytes", counts, {}


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
    return "", {name: math.prod(shape[:end]) for name, end in _loops(rank)}, {}


def _loops(rank: int) -> tuple[tuple[str, int], ...]:
    """The loops of a walk, and how many axes lie outside of each's body."""
    return ("elements", rank), ("rows", max(0, rank - 1)), ("planes", max(0, rank - 2)), ("blocks", max(0, rank - 3))


def _strided_copy(arguments: Arguments, target: Target) -> Counted:
    """Neighbours along the innermost axis may be taken several at once."""
    sizes, steps = members(arguments[1]), members(arguments[2])
    counts: Counts = {name: math.prod(sizes[:end]) for name, end in _loops(5)}
    if steps[4] == 1:
        counts |= {"elements": 0} | looped("neighbours", counts["rows"], sizes[4])
    return f" of {whole(arguments[3])} bytes", counts, {}


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


def _blocks(batches: Sequence[int], image: Sequence[int], block: Sequence[int], frame: Sequence[int]) -> _Taken:
    """Which pixels of the batches, one after the other, are in the image, and where they are there."""
    n, h, w = np.indices(tuple(batches[:3]))
    y = h * block[1] + n // image[0] // block[0] - frame[1]
    x = w * block[0] + n // image[0] % block[0] - frame[0]
    inside = (y >= 0) & (y < image[1]) & (x >= 0) & (x < image[2])
    return inside.reshape(-1), ((n % image[0] * image[1] + y) * image[2] + x).reshape(-1)


_Taken = tuple[NDArray[np.bool_], NDArray[np.int64]]


def _runs(*places: NDArray[np.int64]) -> Runs:
    """The share of each combination of addresses modulo 8."""
    found, times = np.unique(np.stack(places) % ALIGNMENT, axis=1, return_counts=True)
    shares = times / max(1, times.sum())
    return tuple((tuple(one), float(share)) for one, share in zip(found.T.tolist(), shares, strict=True))


def _batch_to_space(arguments: Arguments, target: Target) -> Counted:
    """Each pixel of the batches goes to the image, unless it is cropped."""
    batches, block, crop, image = (members(arguments[position]) for position in (1, 2, 3, 5))
    size = whole(arguments[4])
    inside, places = _blocks(batches, image, block, crop)
    runs = _runs(np.flatnonzero(inside) * size, places[inside] * size)
    loops: Counts = {"batches": batches[0], "rows": batches[0] * batches[1], "cropped": int((~inside).sum())}
    return "", loops | copies_between("copied", int(inside.sum()), size, runs, target), {}


def _space_to_batch(arguments: Arguments, target: Target) -> Counted:
    """Each pixel of the batches is taken from the image, or padded."""
    image, block, padding, batches = (members(arguments[position]) for position in (1, 2, 3, 6))
    size = whole(arguments[4])
    inside, places = _blocks(batches, image, block, padding)
    runs = _runs(places[inside] * size, np.flatnonzero(inside) * size)
    copied = copies_between("copied", int(inside.sum()), size, runs, target)
    filled = [
        fills("filled", size, ((round(share * int((~inside).sum())), 0),), at, target)
        for (at,), share in _runs(np.flatnonzero(~inside) * size)
    ]
    return "", add({"batches": batches[0], "rows": batches[0] * batches[1]}, copied, *filled), {}


def _fill(arguments: Arguments, target: Target) -> Counted:
    return f" of {whole(arguments[1])} bytes", looped("filled", 1, whole(arguments[2])), {}


def _zeros_like(arguments: Arguments, target: Target) -> Counted:
    return "", fills("filled", whole(arguments[0]), ((1, 0),), 0, target), {}


def _shape(arguments: Arguments, target: Target) -> Counted:
    return "", {"elements": whole(arguments[1])}, {}


def _resize_nearest(arguments: Arguments, target: Target) -> Counted:
    """A memcpy for each pixel, from rows and columns that float32 arithmetic picks."""
    (_, height, width, _), (n, h, w, _) = members(arguments[1]), members(arguments[5])
    align_corners, half_centers, size = (whole(one) for one in arguments[2:5])
    y, x = (_nearest(*one, align_corners, half_centers) for one in ((height, h), (width, w)))
    source = ((np.arange(n)[:, None, None] * height + y[:, None]) * width + x).reshape(-1)
    runs = _runs(source * size, np.arange(n * h * w) * size)
    counts: Counts = {"rows": n * h, "rounded" if align_corners else "cut": n * h * (w + 1)}
    return "", counts | copies_between("copied", n * h * w, size, runs, target), {}


def _nearest(before: int, after: int, align_corners: int, half_centers: int) -> NDArray[np.int64]:
    """The input's index for each of the output's along an axis."""
    edges = int(bool(align_corners) and after > 1)
    positions = (np.arange(after) + half_centers / 2) * ((before - edges) / (after - edges))
    return np.minimum(np.floor(positions + 0.5 * bool(align_corners)).astype(np.int64), before - 1)


def _cast(arguments: Arguments, target: Target) -> Counted:
    """Types are numbered in the order of mcusim_type."""
    return f" {TYPES[whole(arguments[1])]} to {TYPES[whole(arguments[2])]}", looped("cast", 1, whole(arguments[3])), {}


def _count_transpose(model: Model, op: Op, target: Target) -> Cost:
    """Where the innermost axis stays the innermost, arm_transpose_s8 has a loop of its own."""
    cost = by_calls(FUNCTIONS)(model, op, target)
    permutation = constant(model, op, 1, "permutation")
    if cost.kernel == "arm_transpose_s8" and permutation is not None and permutation[-1] == len(permutation) - 1:
        return dataclasses.replace(cost, kernel=f"{cost.kernel} of neighbours")
    return cost


TYPES = ("int8", "int16", "int32", "bool", "float32")

FUNCTIONS: Mapping[str, Function] = {
    "arm_concatenation_s8_w": functools.partial(_concatenation, 3),
    "arm_concatenation_s8_x": functools.partial(_concatenation, 0),
    "arm_concatenation_s8_y": functools.partial(_concatenation, 1),
    "arm_concatenation_s8_z": functools.partial(_concatenation, 2),
    "arm_pad_s8": _pad_s8,
    "arm_reshape_s8": _reshape,
    "arm_transpose_s8": _transpose_s8,
    "mcusim_batch_to_space_nd": _batch_to_space,
    "mcusim_cast": _cast,
    "mcusim_copy_blocks": _copy_blocks,
    "mcusim_copy_rows": _copy_rows,
    "mcusim_fill": _fill,
    "mcusim_gather": _gather,
    "mcusim_mirror_pad": _mirror_pad,
    "mcusim_pad": _pad,
    "mcusim_resize_nearest_neighbor": _resize_nearest,
    "mcusim_shape": _shape,
    "mcusim_space_to_batch_nd": _space_to_batch,
    "mcusim_strided_copy": _strided_copy,
    "mcusim_strided_slice": _strided_slice,
    "mcusim_zeros_like": _zeros_like,
}


def _sizes(rng: np.random.Generator, rank: int, most: int = 8) -> list[int]:
    return [int(one) for one in rng.integers(1, most + 1, rank)]


def _ints(sketch: Sketch, values: Sequence[object]) -> int:
    return sketch.constant(np.array(values, np.int32))


def _draw_reshape(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    size = round(math.exp(rng.uniform(math.log(FEW_BYTES), math.log(MOST_DRAWN_BYTES))))
    size = int(rng.integers(1, FEW_BYTES)) if rng.random() < 0.4 else size
    source = sketch.activation((1, size))
    inputs = (source, _ints(sketch, (0,))) if name == "EXPAND_DIMS" else (source,)
    sketch.op(name, inputs, (sketch.activation((size, 1)),))


def _draw_pad(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    """Of int8 mostly, rows and columns mostly; a mirrored border is smaller than what it mirrors."""
    dtype = picked(rng, {"MIRROR_PAD": ("int8", "float32")}.get(name, ("int8", "int8", "int16", "float32")))
    shape = [1, *_sizes(rng, 2, 12), int(rng.integers(1, 65))]
    pads = rng.integers(0, 4, (4, 2))
    pads[0] = 0
    if rng.random() < 0.6:
        pads[3] = 0
    if name == "MIRROR_PAD":
        shape[3] = int(rng.integers(1, 17))
        pads = np.minimum(pads, np.array(shape)[:, None] - 1)
    source = sketch.activation(shape, 0.1, 0, dtype)
    inputs = [source, _ints(sketch, pads.tolist())]
    if name == "PADV2":
        inputs.append(sketch.constant(np.zeros((1,), np.dtype(dtype)), (0.1,)))
    output = sketch.activation([size + int(a + b) for size, (a, b) in zip(shape, pads, strict=True)], 0.1, 0, dtype)
    sketch.op(name, inputs, (output,), **({"mode": "REFLECT"} if name == "MIRROR_PAD" else {}))


def _draw_concatenation(sketch: Sketch, rng: np.random.Generator) -> None:
    axis, rest, dtype = int(rng.integers(0, 4)), _sizes(rng, 4), picked(rng, ("int8", "int8", "int16", "float32"))
    inputs = []
    for _ in range(int(rng.integers(2, 5))):
        rest[axis] = int(rng.integers(1, 33))
        inputs.append(sketch.activation(rest, dtype=dtype))
    rest[axis] = sum(sketch.shape(index)[axis] for index in inputs)
    output = sketch.activation(rest, dtype=dtype)
    sketch.op("CONCATENATION", inputs, (output,), axis=axis, fused_activation_function="NONE")


def _draw_transpose(sketch: Sketch, rng: np.random.Generator) -> None:
    rank, dtype = int(rng.integers(2, 5)), picked(rng, ("int8", "int16", "float32"))
    shape = _sizes(rng, rank, 12)
    permutation = [int(axis) for axis in rng.permutation(rank)]
    if rng.random() < 0.3:
        permutation = [*(int(axis) for axis in rng.permutation(rank - 1)), rank - 1]
    output = sketch.activation([shape[axis] for axis in permutation], dtype=dtype)
    sketch.op("TRANSPOSE", (sketch.activation(shape, dtype=dtype), _ints(sketch, permutation)), (output,))


def _draw_broadcast_to(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = _sizes(rng, int(rng.integers(1, 5)), 12), picked(rng, ("int8", "int16", "float32", "int64"))
    source = sketch.activation([1 if rng.random() < 0.5 else size for size in shape], dtype=dtype)
    sketch.op("BROADCAST_TO", (source, _ints(sketch, shape)), (sketch.activation(shape, dtype=dtype),))


def _draw_slice(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    rank, dtype = int(rng.integers(1, 5)), picked(rng, ("int8", "int16", "float32"))
    shape = [size + 4 for size in _sizes(rng, rank, 12)]
    begin = [int(rng.integers(0, 3)) for _ in shape]
    sizes = [int(rng.integers(1, size - start + 1)) for size, start in zip(shape, begin, strict=True)]
    source = sketch.activation(shape, dtype=dtype)
    if name == "SLICE":
        inputs = (source, _ints(sketch, begin), _ints(sketch, sizes))
        sketch.op(name, inputs, (sketch.activation(sizes, dtype=dtype),))
        return
    strides = [int(rng.integers(1, 3)) if rng.random() < 0.4 else 1 for _ in shape]
    ends = [start + size for start, size in zip(begin, sizes, strict=True)]
    inputs = (source, *(_ints(sketch, one) for one in (begin, ends, strides)))
    output = sketch.activation([-(-size // stride) for size, stride in zip(sizes, strides, strict=True)], dtype=dtype)
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    sketch.op(name, inputs, (output,), **masks, offset=False)


def _draw_split(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    """Parts of a tensor, of one size but for SPLIT_V."""
    rank, dtype, count = int(rng.integers(1, 5)), picked(rng, ("int8", "int16", "float32")), int(rng.integers(2, 5))
    shape, axis = _sizes(rng, rank, 12), int(rng.integers(rank))
    same = 1 if name == "UNPACK" else int(rng.integers(1, 9))
    sizes = [int(rng.integers(1, 9)) if name == "SPLIT_V" else same for _ in range(count)]
    shape[axis] = sum(sizes)
    source = sketch.activation(shape, dtype=dtype)
    parts = [[*shape[:axis], *(() if name == "UNPACK" else (size,)), *shape[axis + 1 :]] for size in sizes]
    outputs = [sketch.activation(part, dtype=dtype) for part in parts]
    if name == "UNPACK":
        sketch.op(name, (source,), outputs, num=count, axis=axis)
    elif name == "SPLIT":
        sketch.op(name, (_ints(sketch, (axis,)), source), outputs, num_splits=count)
    else:
        sketch.op(name, (source, _ints(sketch, sizes), _ints(sketch, (axis,))), outputs, num_splits=count)


def _draw_pack(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, count = _sizes(rng, int(rng.integers(1, 4)), 12), int(rng.integers(2, 5))
    axis, dtype = int(rng.integers(len(shape) + 1)), picked(rng, ("int8", "int16", "float32"))
    inputs = [sketch.activation(shape, dtype=dtype) for _ in range(count)]
    output = sketch.activation([*shape[:axis], count, *shape[axis:]], dtype=dtype)
    sketch.op("PACK", inputs, (output,), values_count=count, axis=axis)


def _draw_gather(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = _sizes(rng, int(rng.integers(1, 4)), 24), picked(rng, ("int8", "float32"))
    axis, count = int(rng.integers(len(shape))), int(rng.integers(1, 9))
    indices = _ints(sketch, rng.integers(0, shape[axis], count).tolist())
    output = sketch.activation([*shape[:axis], count, *shape[axis + 1 :]], dtype=dtype)
    sketch.op("GATHER", (sketch.activation(shape, dtype=dtype), indices), (output,), axis=axis, batch_dims=0)


def _draw_depth(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    (h, w), c, block = _sizes(rng, 2, 6), int(rng.integers(1, 25)), int(rng.integers(2, 4))
    dtype = picked(rng, ("int8", "float32"))
    deep, wide = (1, h, w, c * block * block), (1, h * block, w * block, c)
    source, output = (deep, wide) if name == "DEPTH_TO_SPACE" else (wide, deep)
    tensors = [sketch.activation(one, dtype=dtype) for one in (source, output)]
    sketch.op(name, tensors[:1], tensors[1:], block_size=block)


def _draw_batches(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    (h, w), c, dtype = _sizes(rng, 2, 6), int(rng.integers(1, 65)), picked(rng, ("int8", "float32"))
    block = [int(one) for one in rng.integers(1, 4, 2)]
    frame = [[int(rng.integers(0, min(2, size * by - 1) + 1)), 0] for size, by in zip((h, w), block, strict=True)]
    batches = (block[0] * block[1], h, w, c)
    image = (1, h * block[0] - sum(frame[0]), w * block[1] - sum(frame[1]), c)
    source, output = (batches, image) if name == "BATCH_TO_SPACE_ND" else (image, batches)
    inputs = (sketch.activation(source, dtype=dtype), _ints(sketch, block), _ints(sketch, frame))
    sketch.op(name, inputs, (sketch.activation(output, dtype=dtype),))


def _draw_fill(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = shape_of(rng), picked(rng, ("int8", "float32"))
    sketch.op("FILL", (_ints(sketch, shape), sketch.activation((1,), dtype=dtype)), (sketch.activation(shape, dtype=dtype),))


def _draw_zeros_like(sketch: Sketch, rng: np.random.Generator) -> None:
    shape, dtype = shape_of(rng, 4 * MOST_DRAWN_BYTES // 4), picked(rng, ("int8", "float32"))
    sketch.op("ZEROS_LIKE", (sketch.activation(shape, dtype=dtype),), (sketch.activation(shape, dtype=dtype),))


def _draw_shape(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = _sizes(rng, int(rng.integers(1, 6)), 3)
    sketch.op("SHAPE", (sketch.activation(shape),), (sketch.activation((len(shape),), dtype="int32"),))


def _draw_resize(sketch: Sketch, rng: np.random.Generator) -> None:
    (h, w), c, dtype = _sizes(rng, 2, 8), int(rng.integers(1, 65)), picked(rng, ("int8", "int16", "float32"))
    size = [int(one) for one in rng.integers(1, 17, 2)]
    inputs = (sketch.activation((1, h, w, c), dtype=dtype), _ints(sketch, size))
    corners = bool(rng.random() < 0.3)
    options = {"align_corners": corners, "half_pixel_centers": not corners and bool(rng.random() < 0.5)}
    sketch.op("RESIZE_NEAREST_NEIGHBOR", inputs, (sketch.activation((1, *size, c), dtype=dtype),), **options)


def _draw_cast(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = shape_of(rng)
    source, output = picked(rng, TYPES[:-1]), picked(rng, TYPES)
    sketch.op("CAST", (sketch.activation(shape, dtype=source),), (sketch.activation(shape, dtype=output),))


def _costing(draw: Callable[[Sketch, np.random.Generator], None], samples: int) -> Costing:
    return Costing(by_calls(FUNCTIONS), draw, samples)


def _named(draw: Callable[[str, Sketch, np.random.Generator], None], name: str, samples: int) -> Costing:
    return _costing(functools.partial(draw, name), samples)


BATCH_TO_SPACE_ND = _named(_draw_batches, "BATCH_TO_SPACE_ND", 40)
BROADCAST_TO = _costing(_draw_broadcast_to, 60)
CAST = _costing(_draw_cast, 20 * 14)
CONCATENATION = _costing(_draw_concatenation, 120)
DEPTH_TO_SPACE = _named(_draw_depth, "DEPTH_TO_SPACE", 20)
EXPAND_DIMS = _named(_draw_reshape, "EXPAND_DIMS", 2)
FILL = _costing(_draw_fill, 28)
GATHER = _costing(_draw_gather, 50)
MIRROR_PAD = _named(_draw_pad, "MIRROR_PAD", 50)
PACK = _costing(_draw_pack, 30)
PAD = _named(_draw_pad, "PAD", 120)
PADV2 = _named(_draw_pad, "PADV2", 12)
RESHAPE = _named(_draw_reshape, "RESHAPE", 60)
RESIZE_NEAREST_NEIGHBOR = _costing(_draw_resize, 40)
SHAPE = _costing(_draw_shape, 12)
SLICE = _named(_draw_slice, "SLICE", 40)
SPACE_TO_BATCH_ND = _named(_draw_batches, "SPACE_TO_BATCH_ND", 50)
SPACE_TO_DEPTH = _named(_draw_depth, "SPACE_TO_DEPTH", 20)
SPLIT = _named(_draw_split, "SPLIT", 16)
SPLIT_V = _named(_draw_split, "SPLIT_V", 16)
SQUEEZE = _named(_draw_reshape, "SQUEEZE", 2)
STRIDED_SLICE = _named(_draw_slice, "STRIDED_SLICE", 60)
TRANSPOSE = Costing(_count_transpose, _draw_transpose, 80)
UNPACK = _named(_draw_split, "UNPACK", 16)
ZEROS_LIKE = _costing(_draw_zeros_like, 40)
