"""Operators that pad, cut and enlarge images: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim.byte_runs import ALIGNMENT, Runs, add, copies, copies_between, fills
from mcusim.call_costs import Arguments, Counted, by_calls, members, whole
from mcusim.cost import Costing, Counts, Target
from mcusim.layer_drawing import int32s, picked, sizes_of
from mcusim.sketch import Sketch

Function = Callable[[Arguments, Target], Counted]


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


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """The pixels of the batches, one after the other: row and column in the image, and which are inside."""

    y: NDArray[np.int64]
    x: NDArray[np.int64]
    inside: NDArray[np.bool_]
    places: NDArray[np.int64]


def _blocks(batches: Sequence[int], image: Sequence[int], block: Sequence[int], frame: Sequence[int]) -> _Taken:
    """`places` are the pixels of the image that those inside are."""
    n, h, w = (one.reshape(-1) for one in np.indices(tuple(batches[:3])))
    y = h * block[1] + n // image[0] // block[0] - frame[1]
    x = w * block[0] + n // image[0] % block[0] - frame[0]
    inside = (y >= 0) & (y < image[1]) & (x >= 0) & (x < image[2])
    return _Taken(y, x, inside, ((n % image[0] * image[1] + y) * image[2] + x)[inside])


def _outside(batches: Sequence[int], image: Sequence[int], of: _Taken) -> Counts:
    """The loops over the batches, and pixels outside of the image by the first limit that says so."""
    y, x = of.y, of.x
    within = (y >= 0) & (y < image[1])
    sides = {"above": y < 0, "below": y >= image[1], "left": within & (x < 0), "right": within & (x >= image[2])}
    loops: Counts = {"batches": batches[0], "rows": batches[0] * batches[1]}
    return loops | {name: int(side.sum()) for name, side in sides.items()}


def _runs(*places: NDArray[np.int64]) -> Runs:
    """The share of each combination of addresses modulo 8."""
    found, times = np.unique(np.stack(places) % ALIGNMENT, axis=1, return_counts=True)
    shares = times / max(1, times.sum())
    return tuple((tuple(one), float(share)) for one, share in zip(found.T.tolist(), shares, strict=True))


def _batch_to_space(arguments: Arguments, target: Target) -> Counted:
    """Each pixel of the batches goes to the image, unless it is cropped."""
    batches, block, crop, image = (members(arguments[position]) for position in (1, 2, 3, 5))
    size, of = whole(arguments[4]), _blocks(batches, image, block, crop)
    runs = _runs(np.flatnonzero(of.inside) * size, of.places * size)
    return "", _outside(batches, image, of) | copies_between("copied", len(of.places), size, runs, target), {}


def _space_to_batch(arguments: Arguments, target: Target) -> Counted:
    """Each pixel of the batches is taken from the image, or padded."""
    image, block, padding, batches = (members(arguments[position]) for position in (1, 2, 3, 6))
    size, of = whole(arguments[4]), _blocks(batches, image, block, padding)
    runs = _runs(of.places * size, np.flatnonzero(of.inside) * size)
    copied = copies_between("copied", len(of.places), size, runs, target)
    padded = np.flatnonzero(~of.inside)
    filled = [
        fills("filled", size, ((round(share * len(padded)), 0),), at, target) for (at,), share in _runs(padded * size)
    ]
    return "", add(_outside(batches, image, of), copied, *filled), {}


def _resize_nearest(arguments: Arguments, target: Target) -> Counted:
    """A memcpy for each pixel, from rows and columns that float32 arithmetic picks."""
    (_, height, width, _), (n, h, w, _) = members(arguments[1]), members(arguments[5])
    align_corners, half_centers, size = (whole(one) for one in arguments[2:5])
    y, x = (_nearest(*one, align_corners, half_centers) for one in ((height, h), (width, w)))
    source = ((np.arange(n)[:, None, None] * height + y[:, None]) * width + x).reshape(-1)
    runs = _runs(source * size, np.arange(n * h * w) * size)
    at_zero = 0 if half_centers else n * (h + 1)
    name = "rounded" if align_corners else "cut"
    counts: Counts = {"rows": n * h, name: n * h * (w + 1) - at_zero, "at_zero": at_zero}
    return "", counts | copies_between("copied", n * h * w, size, runs, target), {}


def _nearest(before: int, after: int, align_corners: int, half_centers: int) -> NDArray[np.int64]:
    """The input's index for each of the output's along an axis."""
    edges = int(bool(align_corners) and after > 1)
    positions = (np.arange(after) + half_centers / 2) * ((before - edges) / (after - edges))
    found: NDArray[np.int64] = np.minimum(np.floor(positions + 0.5 * bool(align_corners)).astype(np.int64), before - 1)
    return found


FUNCTIONS: Mapping[str, Function] = {
    "arm_pad_s8": _pad_s8,
    "mcusim_batch_to_space_nd": _batch_to_space,
    "mcusim_mirror_pad": _mirror_pad,
    "mcusim_pad": _pad,
    "mcusim_resize_nearest_neighbor": _resize_nearest,
    "mcusim_space_to_batch_nd": _space_to_batch,
}


def _draw_pad(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    """Of int8 mostly, rows and columns mostly; a mirrored border is smaller than what it mirrors."""
    dtype = picked(rng, {"MIRROR_PAD": ("int8", "float32")}.get(name, ("int8", "int8", "int16", "float32")))
    shape = [1, *sizes_of(rng, 2, 12), int(rng.integers(1, 65))]
    pads = rng.integers(0, 4, (4, 2))
    pads[0] = 0
    if rng.random() < 0.6:
        pads[3] = 0
    if name == "MIRROR_PAD":
        shape[3] = int(rng.integers(1, 17))
        pads = np.minimum(pads, np.array(shape)[:, None] - 1)
    source = sketch.activation(shape, 0.1, 0, dtype)
    inputs = [source, int32s(sketch, pads.tolist())]
    if name == "PADV2":
        inputs.append(sketch.constant(np.zeros((1,), np.dtype(dtype)), (0.1,)))
    output = sketch.activation([size + int(a + b) for size, (a, b) in zip(shape, pads, strict=True)], 0.1, 0, dtype)
    sketch.op(name, inputs, (output,), **({"mode": "REFLECT"} if name == "MIRROR_PAD" else {}))


def _draw_batches(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    (h, w), c, dtype = sizes_of(rng, 2, 6), int(rng.integers(1, 65)), picked(rng, ("int8", "float32"))
    block = [int(one) for one in rng.integers(1, 4, 2)]
    frame = [[int(rng.integers(0, min(2, size * by - 1) + 1)), 0] for size, by in zip((h, w), block, strict=True)]
    batches = (block[0] * block[1], h, w, c)
    image = (1, h * block[0] - sum(frame[0]), w * block[1] - sum(frame[1]), c)
    source, output = (batches, image) if name == "BATCH_TO_SPACE_ND" else (image, batches)
    inputs = (sketch.activation(source, dtype=dtype), int32s(sketch, block), int32s(sketch, frame))
    sketch.op(name, inputs, (sketch.activation(output, dtype=dtype),))


def _draw_resize(sketch: Sketch, rng: np.random.Generator) -> None:
    (h, w), c, dtype = sizes_of(rng, 2, 8), int(rng.integers(1, 65)), picked(rng, ("int8", "int16", "float32"))
    size = [int(one) for one in rng.integers(1, 17, 2)]
    inputs = (sketch.activation((1, h, w, c), dtype=dtype), int32s(sketch, size))
    corners = bool(rng.random() < 0.3)
    options = {"align_corners": corners, "half_pixel_centers": not corners and bool(rng.random() < 0.5)}
    sketch.op("RESIZE_NEAREST_NEIGHBOR", inputs, (sketch.activation((1, *size, c), dtype=dtype),), **options)


def _costing(draw: Callable[[Sketch, np.random.Generator], None], samples: int) -> Costing:
    return Costing(by_calls(FUNCTIONS), draw, samples)


def _named(draw: Callable[[str, Sketch, np.random.Generator], None], name: str, samples: int) -> Costing:
    return _costing(functools.partial(draw, name), samples)


BATCH_TO_SPACE_ND = _named(_draw_batches, "BATCH_TO_SPACE_ND", 40)
MIRROR_PAD = _named(_draw_pad, "MIRROR_PAD", 50)
PAD = _named(_draw_pad, "PAD", 120)
PADV2 = _named(_draw_pad, "PADV2", 12)
RESIZE_NEAREST_NEIGHBOR = _costing(_draw_resize, 40)
SPACE_TO_BATCH_ND = _named(_draw_batches, "SPACE_TO_BATCH_ND", 50)
