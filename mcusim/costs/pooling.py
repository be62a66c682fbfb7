"""AVERAGE_POOL_2D and MAX_POOL_2D: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target, fill, positions_inside
from mcusim.errors import UnsupportedError
from mcusim.geometry import slide
from mcusim.model import Model, Op
from mcusim.operands import SUFFIXES, layer_name, operand
from mcusim.pooling import pool_window
from mcusim.sketch import Sketch

MOST_DRAWN_STEPS = 12_000


def _pool(model: Model, op: Op) -> tuple[Counts, int, tuple[Stream, ...], str]:
    """What both kinds count: pixels, rows of windows and positions, without and with channels."""
    source = operand(model, op, 0, "input")
    if source.dtype not in ("int8", "int16"):
        raise UnsupportedError(f"{layer_name(op)}: {source.dtype} is not counted")
    reach = pool_window(model, op)
    n, h, w, c = source.shape
    along_h = positions_inside(reach.output_h, reach.stride_h, reach.pad_h, h, reach.filter_h, 1)
    along_w = positions_inside(reach.output_w, reach.stride_w, reach.pad_w, w, reach.filter_w, 1)
    counts: Counts = {
        CALL: 1,
        "pixels": n * reach.output_h * reach.output_w,
        "rows": n * reach.output_w * along_h,
        "inside": n * along_h * along_w,
    }
    rows = Stream(reach.filter_h * w * c * source.bytes // source.elements, n * reach.output_h, 4 * c, constant=False)
    return counts, c, (rows,), SUFFIXES[source.dtype]


def _with_channels(counts: Counts, names: tuple[str, ...], channels: int) -> Counts:
    return {f"{name}_channels": counts[name] * channels for name in names}


def _count_average(model: Model, op: Op, target: Target) -> Cost:
    counts, c, streams, suffix = _pool(model, op)
    if target.dsp:
        more = _with_channels(counts, ("pixels", "inside"), c) | fill("cleared", counts["pixels"], 4 * c, 1.0, target)
    else:
        more = _with_channels(counts, ("pixels", "rows", "inside"), c)
    return Cost(f"arm_avgpool_{suffix}", counts | more, streams)


def _count_max(model: Model, op: Op, target: Target) -> Cost:
    """int16 is set to its least value element by element."""
    counts, c, streams, suffix = _pool(model, op)
    if suffix == "s16":
        more = _with_channels(counts, ("pixels", "inside"), c)
        return Cost("arm_max_pool_s16", counts | more, streams)
    aligned = (1.0, 0.25, 0.5, 0.25)[c % 4]
    more = _with_channels(counts, ("pixels", "inside"), c) | fill("cleared", counts["pixels"], c, aligned, target)
    return Cost("arm_max_pool_s8", counts | more, streams)


def _draw_pool(name: str, sketch: Sketch, rng: np.random.Generator) -> None:
    c = int(rng.integers(1, 129))
    filter_h, filter_w = (int(one) for one in rng.integers(1, 9, 2))
    stride = int(rng.integers(1, 4))
    padding = str(rng.choice(["SAME", "VALID"]))
    pixels = max(1, int(MOST_DRAWN_STEPS * rng.random() / (filter_h * filter_w * c)))
    h = filter_h + int(rng.integers(0, 1 + max(0, int(np.sqrt(pixels)))))
    w = filter_w + int(rng.integers(0, 1 + max(0, int(np.sqrt(pixels)))))
    if rng.random() < 0.3:
        h, w, padding = filter_h, filter_w, "VALID"
    dtype = "int8" if rng.random() < 0.6 else "int16"
    zero_point = int(rng.integers(-128, 10)) if dtype == "int8" else 0
    source = sketch.activation((1, h, w, c), 0.1, zero_point, dtype)
    output_h, output_w = slide(h, filter_h, stride, 1, padding)[0], slide(w, filter_w, stride, 1, padding)[0]
    output = sketch.activation((1, output_h, output_w, c), 0.1, zero_point, dtype)
    sketch.op(
        name,
        (source,),
        (output,),
        stride_h=stride,
        stride_w=stride,
        padding=padding,
        filter_height=filter_h,
        filter_width=filter_w,
        fused_activation_function=str(rng.choice(["NONE", "RELU"])),
    )


def _draw_average(sketch: Sketch, rng: np.random.Generator) -> None:
    _draw_pool("AVERAGE_POOL_2D", sketch, rng)


def _draw_max(sketch: Sketch, rng: np.random.Generator) -> None:
    _draw_pool("MAX_POOL_2D", sketch, rng)


AVERAGE_POOL_2D = Costing(_count_average, _draw_average, 64)
MAX_POOL_2D = Costing(_count_max, _draw_max, 64)
