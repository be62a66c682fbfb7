"""SOFTMAX: a layer → its kernel and loop counts."""

from __future__ import annotations

import functools

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target
from mcusim.errors import UnsupportedError
from mcusim.fixedpoint import softmax_scaling
from mcusim.model import Model, Op
from mcusim.operands import layer_name, number, operand, quantization
from mcusim.sketch import Sketch

LARGEST_DIFFERENCE = 255  # of two int8
COARSE_SCALE = 40.0  # with which a difference of 1 is beyond all exponentials
NEARLY_ALL = 0.95  # share of exponentials from which on the rest does not matter


def _count(model: Model, op: Op, target: Target) -> Cost:
    """Elements far below their row's largest have no exponential, which only a coarse scale lets happen."""
    source = operand(model, op, 0, "input")
    if source.dtype != "int8" or not source.shape:
        raise UnsupportedError(f"{layer_name(op)}: {source.dtype} of {len(source.shape)} dimensions is not counted")
    rows, size = source.elements // source.shape[-1], source.shape[-1]
    _, _, diff_min = softmax_scaling(number(op, "beta"), quantization(op, source).scale)
    most = float(rows * (size - 1))
    share = min(1.0, -diff_min / LARGEST_DIFFERENCE)
    factors = _factors(number(op, "beta") * quantization(op, source).scale)
    counts: Counts = {
        CALL: 1,
        "rows": rows,
        "elements": source.elements,
        "exponentials": share * most,
        "factors": share * most * factors,
    }
    spread = {"exponentials": (0.0, most), "factors": (0.0, most * factors)} if share < NEARLY_ALL else {}
    return Cost("arm_softmax_s8", counts, (Stream(source.elements, 1, 0, constant=False),), spread)


@functools.lru_cache(maxsize=256)
def _factors(scale: float) -> float:
    """Factors that the exponential of a difference has on average, one for each bit of its quarters that is set."""
    quarters = [min(int(4 * scale * difference), 127) for difference in range(1, LARGEST_DIFFERENCE + 1)]
    return sum(one.bit_count() for one in quarters) / len(quarters)


def _draw(sketch: Sketch, rng: np.random.Generator) -> None:
    """Scales with which nearly all elements have exponentials, or but the largest."""
    rows = 1 if rng.random() < 0.7 else int(rng.integers(2, 9))
    shape = rows, int(rng.integers(2, 65))
    scale = float(rng.uniform(0.01, 0.12) if rng.random() < 0.75 else COARSE_SCALE)
    source = sketch.activation(shape, scale, int(rng.integers(-20, 80)))
    sketch.op("SOFTMAX", (source,), (sketch.activation(shape, 1 / 256, -128),), beta=1.0)


SOFTMAX = Costing(_count, _draw, 48)
