"""Operators that move elements as they are: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcusim.byte_runs import ALIGNED, Places, add, copies, fills
from mcusim.call_costs import Arguments, Counted, by_calls, members, whole
from mcusim.cost import Costing, Counts, Target
from mcusim.layer_drawing import picked, shape_of
from mcusim.sketch import Sketch

Function = Callable[[Arguments, Target], Counted]

MOST_DRAWN_BYTES = 8_000
FEW_BYTES = 16  # below which memcpy takes another way


def _reshape(arguments: Arguments, target: Target) -> Counted:
    size = whole(arguments[2])
    kind = "" if size >= FEW_BYTES else " of a few bytes"
    return kind, copies("copied", 1, size, ALIGNED, ALIGNED, target), {}


def _pad_s8(arguments: Arguments, target: Target) -> Counted:
    n, h, w, c = members(arguments[3])
    (first, top, left, front), (last, bottom, right, back) = members(arguments[4]), members(arguments[5])
    pixel = front + c + back
    row = pixel * (left + w + right)
    image = row * (top + h + bottom)
    start = first * image + top * row
    counts: Counts = {"images": n, "rows": n * h}
    fill = functools.partial(fills, "filled", target=target)
    ends = Places(0, 0), Places((first + n) * image, 0)
    parts = [fill(1, size * image, at) for size, at in zip((first, last), ends, strict=True)]
    parts += [fill(n, top * row, Places(first * image, image)), fill(n, bottom * row, Places(start + h * row, image))]
    parts += [fill(n * h, left * pixel, Places(start, row))]
    parts += [fill(n * h, right * pixel, Places(start + row - right * pixel, row))]
    if pixel == c:
        to = Places(start + left * pixel, row)
        parts.append(copies("copied", n * h, w * c, Places(0, w * c), to, target))
        return "", add(counts, *parts), {}
    start += left * pixel
    parts += [fill(n * h * w, front, Places(start, pixel)), fill(n * h * w, back, Places(start + front + c, pixel))]
    parts.append(copies("copied", n * h * w, c, Places(0, c), Places(start + front, pixel), target))
    return " of channels", add(counts, {"pixels": n * h * w}, *parts), {}


def _pad(arguments: Arguments, target: Target) -> Counted:
    """Each output element is looked at, axis by axis until one is outside."""
    sizes, outputs = members(arguments[1]), members(arguments[3])
    counts: Counts = {"rows": math.prod(outputs[:4]), "planes": math.prod(outputs[:3])}
    inside = 1
    for axis, (size, output) in enumerate(zip(sizes, outputs, strict=True)):
        counts[f"outside_{axis}"] = inside * (output - size) * math.prod(outputs[axis + 1 :])
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
    return "", copies("copied", math.prod(sizes[axis + 1 :]), size, Places(0, size), Places(offset, step), target), {}


def _transpose_s8(arguments: Arguments, target: Target) -> Counted:
    rank = members(arguments[4])[0]
    shape = members(arguments[2])[:rank]
    return "", {name: math.prod(shape[:end]) for name, end in _loops(rank)}, {}


def _loops(rank: int) -> tuple[tuple[str, int], ...]:
    """The loops of a walk, and how many axes lie outside of each's body."""
    return ("elements", rank), ("rows", max(0, rank - 1)), ("planes", max(0, rank - 2)), ("blocks", max(0, rank - 3))


def _strided_copy(arguments: Arguments, target: Target) -> Counted:
    sizes = members(arguments[1])
    return f" of {whole(arguments[3])} bytes", {name: math.prod(sizes[:end]) for name, end in _loops(5)}, {}


def _copy_rows(arguments: Arguments, target: Target) -> Counted:
    """A memcpy for each row, written one behind the other; how they lie in the input is what an axis' steps say."""
    sizes, steps, size = members(arguments[1]), members(arguments[2]), whole(arguments[3])
    rows, row = math.prod(sizes[:4]), sizes[4] * size
    step = next((b for a, b in zip(sizes[3::-1], steps[3::-1], strict=True) if a > 1), 0)
    loops = {"planes": math.prod(sizes[:3]), "blocks": math.prod(sizes[:2])}
    return "", loops | copies("copied", rows, row, Places(0, step * size), Places(0, row), target), {}


def _strided_slice(arguments: Arguments, target: Target) -> Counted:
    """A row of neighbours takes one memcpy, elements with others between them one each."""
    sizes, begin, ends, strides = (members(arguments[position]) for position in range(1, 5))
    size = whole(arguments[5])
    counts = [-(-(b - a) // c) for a, b, c in zip(begin, ends, strides, strict=True)]
    rows, row = math.prod(counts[:4]), counts[4] * size
    offset = size * sum(a * math.prod(sizes[axis + 1 :]) for axis, a in enumerate(begin))
    loops: Counts = {"planes": math.prod(counts[:3]), "blocks": math.prod(counts[:2])}
    if strides[4] == 1:
        step = strides[3] * sizes[4] * size
        return "", loops | copies("copied", rows, row, Places(offset, step), Places(0, row), target), {}
    from_, to = Places(offset, strides[4] * size), Places(0, size)
    return " of elements", loops | {"rows": rows} | copies("copied", rows * counts[4], size, from_, to, target), {}


def _copy_blocks(arguments: Arguments, target: Target) -> Counted:
    source, input_step, size, times, output_step, output = arguments
    places = (Places(_offset(one), whole(step)) for one, step in ((source, input_step), (output, output_step)))
    return "", copies("copied", whole(times), whole(size), *places, target), {}


def _offset(pointer: object) -> int:
    return int(getattr(pointer, "byte_offset", 0))


def _gather(arguments: Arguments, target: Target) -> Counted:
    """The blocks lie anywhere in the input: as far as their size lets them."""
    batches, outer, _, size, count = (whole(one) for one in arguments[2:7])
    loops: Counts = {"rows": batches * outer, "batches": batches}
    return "", loops | copies("copied", batches * outer * count, size, Places(0, size), Places(0, size), target), {}


def _batch_to_space(arguments: Arguments, target: Target) -> Counted:
    """Each pixel of the batches goes to the image, unless it is cropped."""
    n, h, w, _ = members(arguments[1])
    size, image = whole(arguments[4]), math.prod(members(arguments[5])[:3])
    loops: Counts = {"batches": n, "rows": n * h, "cropped": n * h * w - image}
    block_w = members(arguments[2])[0]
    return "", loops | copies("copied", image, size, Places(0, size), Places(0, block_w * size), target), {}


def _space_to_batch(arguments: Arguments, target: Target) -> Counted:
    """Each pixel of the batches is taken from the image, or padded."""
    n, h, w, _ = members(arguments[6])
    size, image = whole(arguments[4]), math.prod(members(arguments[1])[:3])
    block_w = members(arguments[2])[0]
    copied = copies("copied", image, size, Places(0, block_w * size), Places(0, size), target)
    filled = fills("filled", n * h * w - image, size, Places(0, size), target)
    return "", add({"batches": n, "rows": n * h}, copied, filled), {}


def _fill(arguments: Arguments, target: Target) -> Counted:
    return f" of {whole(arguments[1])} bytes", {"elements": whole(arguments[2])}, {}


def _zeros_like(arguments: Arguments, target: Target) -> Counted:
    return "", fills("filled", 1, whole(arguments[0]), ALIGNED, target), {}


def _shape(arguments: Arguments, target: Target) -> Counted:
    return "", {"elements": whole(arguments[1])}, {}


def _resize_nearest(arguments: Arguments, target: Target) -> Counted:
    n, h, w, _ = members(arguments[5])
    size = whole(arguments[4])
    aligned: Counts = {"rounded": n * h * (w + 1)} if whole(arguments[2]) else {}
    source = Places(0, size)
    return "", {"rows": n * h} | aligned | copies("copied", n * h * w, size, source, Places(0, size), target), {}


def _cast(arguments: Arguments, target: Target) -> Counted:
    """Types are numbered in the order of mcusim_type."""
    return f" {TYPES[whole(arguments[1])]} to {TYPES[whole(arguments[2])]}", {"elements": whole(arguments[3])}, {}


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
TRANSPOSE = _costing(_draw_transpose, 60)
UNPACK = _named(_draw_split, "UNPACK", 16)
ZEROS_LIKE = _costing(_draw_zeros_like, 40)
