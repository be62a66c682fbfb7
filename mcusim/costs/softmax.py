"""SOFTMAX: a layer → its kernel and loop counts."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target
from mcusim.costs.drawing import Draw, one_of
from mcusim.errors import UnsupportedError
from mcusim.fixedpoint import softmax_s16_scaling, softmax_scaling
from mcusim.model import Model, Op
from mcusim.operands import layer_name, number, operand, quantization, result
from mcusim.sketch import Sketch

LARGEST_DIFFERENCE = 255  # of two int8
SPREAD = 6.0  # standard deviations in the range of a type
COARSE_SCALE = 40.0  # with which a difference of 1 is beyond all exponentials
MOST_QUARTERS = 127  # of the difference in units of the input, that kernels take exponentials of
KERNELS = {
    ("int8", "int8"): "arm_softmax_s8",
    ("int8", "int16"): "arm_softmax_s8_s16",
    ("int16", "int16"): "arm_softmax_s16",
}


def _count(model: Model, op: Op, target: Target) -> Cost:
    """int16 looks exponentials up; int8 computes those of elements below their row's largest, not too far.

    The values decide on how many these are, and on how many factors each has. What is likely is that of elements of
    which the type holds `SPREAD` standard deviations. The range is that of all values: from rows of equal elements,
    or of one far above the others, to rows of those with the most factors.
    """
    source, output = operand(model, op, 0, "input"), result(model, op)
    kernel = KERNELS.get((source.dtype, output.dtype))
    if kernel is None or not source.elements or not source.shape:
        found = f"{source.dtype} of shape {list(source.shape)} to {output.dtype}"
        raise UnsupportedError(f"{layer_name(op)}: {found} is not counted")
    rows, size = source.elements // source.shape[-1], source.shape[-1]
    counts: Counts = {CALL: 1, "rows": rows, "elements": source.elements}
    streams = (Stream(source.bytes, 1, 0, constant=False),)
    if source.dtype == "int16":
        _, shift = softmax_s16_scaling(number(op, "beta"), quantization(op, source).scale)
        # Each direction of the shift has a loop of its own.
        counts |= {"scaled_down": source.elements * (shift < 0), "scaled_up": source.elements * (shift >= 0)}
        return Cost(kernel, counts, streams)
    _, _, diff_min = softmax_scaling(number(op, "beta"), quantization(op, source).scale)
    scale = number(op, "beta") * quantization(op, source).scale
    likely, factors, most_factors = _exponentials(scale, min(LARGEST_DIFFERENCE, -diff_min), size)
    others = float(rows * (size - 1))
    counts |= {"exponentials": others * likely, "factors": others * factors}
    if not most_factors:
        return Cost(kernel, counts, streams)
    return Cost(kernel, counts, streams, {"exponentials": (0.0, others), "factors": (0.0, others * most_factors)})


@functools.lru_cache(maxsize=256)
def _exponentials(scale: float, furthest: int, size: int) -> tuple[float, float, int]:
    """Of an element of a row that is not its largest: exponentials and their factors, and the most factors.

    A factor stands for each bit of the quarters of the difference from the largest that is set.
    """
    if furthest < 1 or size < 2:
        return 0.0, 0.0, 0
    bits = [min(int(4 * scale * difference), MOST_QUARTERS).bit_count() for difference in range(1, furthest + 1)]
    shares = _differences(size)[1 : furthest + 1]
    return float(shares.sum()), float(shares @ np.array(bits)), max(bits)


@functools.lru_cache(maxsize=256)
def _differences(size: int) -> NDArray[np.float64]:
    """How often the other elements of a row lie 0 … 255 below its largest.

    They are normally distributed and int8 holds `SPREAD` standard deviations of them, as it does where the least and
    the greatest of some hundred values in calibration have become its range.
    """
    edges = np.arange(-128, 128) + 0.5
    below = np.array([0.5 * (1 + math.erf(edge * SPREAD / 256 / math.sqrt(2))) for edge in edges])
    below[-1] = 1.0
    each = np.diff(below, prepend=0.0)
    largest = np.diff(below**size, prepend=0.0)
    found = np.zeros(256)
    for value, share in enumerate(largest):
        found[: value + 1] += share * each[value::-1] / below[value]
    return found


def _drawn(dtypes: tuple[str, str]) -> Draw:
    """Scales with which nearly all elements have exponentials, or but the largest."""

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        rows = 1 if rng.random() < 0.7 else int(rng.integers(2, 9))
        shape = rows, int(rng.integers(2, 65))
        scale = float(rng.uniform(0.01, 0.12) if rng.random() < 0.75 else COARSE_SCALE)
        source = sketch.activation(shape, scale, int(rng.integers(-20, 80)), dtypes[0])
        of_output = (1 / 256, -128) if dtypes[1] == "int8" else (1 / 65536, -32768)
        sketch.op("SOFTMAX", (source,), (sketch.activation(shape, *of_output, dtypes[1]),), beta=1.0)

    return draw


def _draw_s16(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = 1 if rng.random() < 0.7 else int(rng.integers(2, 9)), int(rng.integers(2, 257))
    source = sketch.activation(shape, float(10 ** rng.uniform(-5, -3)), 0, "int16")
    sketch.op("SOFTMAX", (source,), (sketch.activation(shape, 1 / 32768, 0, "int16"),), beta=1.0)


SOFTMAX = Costing(_count, *one_of((_drawn(("int8", "int8")), 48), (_drawn(("int8", "int16")), 40), (_draw_s16, 24)))
