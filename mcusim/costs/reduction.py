"""Operators that look at all elements along axes: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcusim import likely
from mcusim.byte_runs import fills
from mcusim.call_costs import Arguments, Counted, by_calls, members, whole
from mcusim.cost import Costing, Counts, Target, fill
from mcusim.layer_drawing import FEWEST_OF_VALUES, picked, quantized, shape_of, small
from mcusim.sketch import Sketch

Function = Callable[[Arguments, Target], Counted]


def _walk(arguments: Arguments) -> tuple[Counts, int, int]:
    """The loops over the input, the outputs, and how many elements go into each."""
    dims, reduced = members(arguments[1]), members(arguments[2])
    n, h, w, c = dims
    together = math.prod(size for size, is_reduced in zip(dims, reduced, strict=True) if is_reduced)
    elements = n * h * w * c
    return {"rows": n * h, "pixels": n * h * w, "elements": elements}, elements // together, together


def _mean(arguments: Arguments, target: Target) -> Counted:
    counts, outputs, _ = _walk(arguments)
    return "", counts | {"outputs": outputs} | fill("cleared", 1, 4 * outputs, 1.0, target), {}


def _extreme(arguments: Arguments, target: Target) -> Counted:
    """Outputs begin with the least value, and are written again where an element is more."""
    counts, outputs, together = _walk(arguments)
    changes = outputs * (1 + likely.new_extremes(together))
    counts |= {"changes": changes} | fills("cleared", outputs, ((1, 0),), 0, target)
    return "", counts, {"changes": (0.0, counts["elements"])}


def _position(arguments: Arguments, target: Target) -> Counted:
    """ARG_MAX and ARG_MIN."""
    outer, size, inner = (whole(one) for one in arguments[1:4])
    outputs, steps = outer * inner, outer * inner * (size - 1)
    counts: Counts = {"rows": outer, "outputs": outputs, "steps" if inner == 1 else "steps_apart": steps}
    changes = outputs * likely.new_extremes(size)
    return "", counts | {"changes": changes}, {"changes": (0.0, float(steps))}


def _running_sum(arguments: Arguments, target: Target) -> Counted:
    outer, size, inner = (whole(one) for one in arguments[1:4])
    elements = outer * size * inner
    kind = "exclusive" if whole(arguments[4]) else "elements"
    return "", {"rows": outer, "columns": outer * inner, kind: elements}, {}


def _norm(arguments: Arguments, target: Target) -> Counted:
    """A root a row, then a product an element; numbers below 0 are rounded in other ways."""
    zero_point, rows, size = (whole(one) for one in arguments[1:4])
    elements = rows * size
    negative = elements * likely.negative_share(-zero_point, "int8")
    square = size * likely.mean_square(zero_point)
    counts = {"rows": rows, "steps": rows * likely.powers_of_4(square), "elements": elements, "negative": negative}
    return "", counts | {"positive": elements - negative}, {"negative": (0.0, elements), "positive": (0.0, elements)}


def _bilinear(arguments: Arguments, target: Target) -> Counted:
    n, h, w, c = members(arguments[4])
    return "", {"rows": n * h, "pixels": n * h * w, "elements": n * h * w * c}, {}


FUNCTIONS: Mapping[str, Function] = {
    "mcusim_arg_max_s8": _position,
    "mcusim_arg_min_s8": _position,
    "mcusim_cumsum_s8": _running_sum,
    "mcusim_l2_normalization_s8": _norm,
    "mcusim_mean_s8": _mean,
    "mcusim_mean_s16": _mean,
    "mcusim_reduce_max_s8": _extreme,
    "mcusim_reduce_min_s8": _extreme,
    "mcusim_resize_bilinear_s8": _bilinear,
}


def _draw_reduced(name: str, dtypes: Sequence[str], sketch: Sketch, rng: np.random.Generator) -> None:
    """Rows and columns mostly, or all channels, or others; of enough for extremes to change as often as expected."""
    least = 4 if name.startswith("REDUCE") else 1
    shape = (1, *(int(one) for one in rng.integers(least, 13, 2)), int(rng.integers(2 * least, 65)))
    others = ((3,), (1,), (2, 3))
    axes = (1, 2) if rng.random() < 0.7 else others[int(rng.integers(3))]
    dtype = picked(rng, dtypes)
    source = quantized(sketch, rng, shape, dtype, 0.1)
    kept = [size for axis, size in enumerate(shape) if axis not in axes]
    if name.startswith("REDUCE"):
        output = sketch.activation(kept, 0.1, sketch.zero_point(source))
    else:
        output = quantized(sketch, rng, kept, dtype, 0.05)
    sketch.op(name, (source, sketch.constant(np.array(axes, np.int32))), (output,), keep_dims=False)


def _draw_position(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    """Along the channels mostly; of outputs enough that their greatest change as often as expected."""
    shape = [int(one) for one in rng.integers(5, 17, 2)] + [int(rng.integers(5, 33))]
    axis = 2 if rng.random() < 0.7 else 1
    source = sketch.activation(shape)
    output = sketch.activation([size for number, size in enumerate(shape) if number != axis], dtype="int32")
    sketch.op(name, (source, sketch.constant(np.array([axis], np.int32))), (output,), output_type="INT32")


def _draw_cumsum(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = [int(one) for one in rng.integers(1, 17, 3)]
    axis, exclusive, reverse = int(rng.integers(3)), bool(rng.random() < 0.4), bool(rng.random() < 0.3)
    inputs = (quantized(sketch, rng, shape, "int8", 0.02), sketch.constant(np.array([axis], np.int32)))
    sketch.op("CUMSUM", inputs, (quantized(sketch, rng, shape, "int8", 0.1),), exclusive=exclusive, reverse=reverse)


def _draw_norm(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = shape_of(rng, fewest=FEWEST_OF_VALUES)
    source = quantized(sketch, rng, shape, "int8", 0.05)
    output = sketch.activation(shape, 1 / 128, 0)
    sketch.op("L2_NORMALIZATION", (source,), (output,), fused_activation_function="NONE")


def _draw_bilinear(sketch: Sketch, rng: np.random.Generator) -> None:
    """Enlarged mostly."""
    h, w, c = (*(int(one) for one in rng.integers(2, 8, 2)), int(rng.integers(1, 33)))
    size = [max(1, int(one * rng.uniform(0.5, 2.5))) for one in (h, w)]
    inputs = (quantized(sketch, rng, (1, h, w, c), "int8", 0.05), sketch.constant(np.array(size, np.int32)))
    corners = bool(rng.random() < 0.3)
    options = {"align_corners": corners, "half_pixel_centers": not corners and bool(rng.random() < 0.5)}
    sketch.op("RESIZE_BILINEAR", inputs, (sketch.activation((1, *size, c)),), **options)


def _costing(draw: Callable[[Sketch, np.random.Generator], None], samples: int) -> Costing:
    return Costing(by_calls(FUNCTIONS), small(draw), samples)


def _reduced(name: str, dtypes: Sequence[str], samples: int) -> Costing:
    return _costing(functools.partial(_draw_reduced, name, dtypes), samples)


ARG_MAX = _costing(functools.partial(_draw_position, "ARG_MAX"), 30)
ARG_MIN = _costing(functools.partial(_draw_position, "ARG_MIN"), 30)
CUMSUM = _costing(_draw_cumsum, 30)
L2_NORMALIZATION = _costing(_draw_norm, 30)
MEAN = _reduced("MEAN", ("int8", "int16"), 50)
REDUCE_MAX = _reduced("REDUCE_MAX", ("int8",), 40)
REDUCE_MIN = _reduced("REDUCE_MIN", ("int8",), 40)
RESIZE_BILINEAR = _costing(_draw_bilinear, 30)
SUM = _reduced("SUM", ("int8", "int16"), 12)
