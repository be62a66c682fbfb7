"""SOFTMAX: a layer → its kernel and loop counts."""

from __future__ import annotations

import functools

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target
from mcusim.costs.drawing import Draw, one_of
from mcusim.errors import UnsupportedError
from mcusim.fixedpoint import softmax_s16_scaling, softmax_scaling
from mcusim.model import Model, Op
from mcusim.operands import layer_name, number, operand, quantization, result
from mcusim.sketch import Sketch

LARGEST_DIFFERENCE = 255  # of two int8
COARSE_SCALE = 40.0  # with which a difference of 1 is beyond all exponentials
MOST_QUARTERS = 127  # of the difference in units of the input, that kernels take exponentials of
KERNELS = {
    ("int8", "int8"): "arm_softmax_s8",
    ("int8", "int16"): "arm_softmax_s8_s16",
    ("int16", "int16"): "arm_softmax_s16",
}


def _count(model: Model, op: Op, target: Target) -> Cost:
    """int16 looks exponentials up; int8 computes those of elements below their row's largest, not too far.

    The values decide on how many these are, and on how many factors each has. What is likely takes all differences
    from the largest for equally frequent, as those of random inputs about are: with fine scales all elements have
    exponentials then, and from about 1/8 on a part of them. The range is that of all values: from rows of equal
    elements to rows of those with the most factors.
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
        return Cost(kernel, counts | {"scaled_down": source.elements if shift < 0 else 0}, streams)
    scale = number(op, "beta") * quantization(op, source).scale
    _, _, diff_min = softmax_scaling(number(op, "beta"), quantization(op, source).scale)
    share = min(1.0, -diff_min / LARGEST_DIFFERENCE)
    average, largest = _factors(scale, min(LARGEST_DIFFERENCE, -diff_min))
    most = float(rows * (size - 1))
    counts |= {"exponentials": share * most, "factors": share * most * average}
    spread = {"exponentials": (0.0, most), "factors": (0.0, most * largest)} if share and most else {}
    return Cost(kernel, counts, streams, spread)


@functools.lru_cache(maxsize=256)
def _factors(scale: float, furthest: int) -> tuple[float, int]:
    """Factors of the exponential of a difference, one for each bit of its quarters that is set: on average, at most."""
    bits = [min(int(4 * scale * difference), MOST_QUARTERS).bit_count() for difference in range(1, furthest + 1)]
    return (sum(bits) / len(bits), max(bits)) if bits else (0.0, 0)


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
