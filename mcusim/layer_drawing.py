"""A random number generator → shapes and tensors of layers, as a fit of cost formulas draws them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mcusim.sketch import Sketch

MOST_ELEMENTS = 2_000
FEWEST_OF_VALUES = 100  # elements of layers whose values decide what runs: enough that their shares are the expected
# How many steps of a type one of int8 is, so that scales are smaller by as much: of int32 no more than its kernels can
# shift int8 to the left without an overflow.
STEPS: Mapping[str, int] = {"int8": 1, "uint8": 1, "int16": 256, "int32": 2**12}


def shape_of(rng: np.random.Generator, most: int = MOST_ELEMENTS, fewest: int = 4) -> tuple[int, ...]:
    """[1, h, w, c] of about so many elements, their logarithm uniform."""
    elements = math.exp(rng.uniform(math.log(fewest), math.log(most)))
    channels = int(rng.integers(1, 65))
    side = max(1, round(math.sqrt(elements / channels)))
    return 1, side, max(1, round(elements / channels / side)), channels


def quantized(
    sketch: Sketch,
    rng: np.random.Generator,
    shape: Sequence[int],
    dtype: str,
    scale: float,
    farthest: int = 128,
    *,
    shifted: bool = False,
) -> int:
    """A new activation of a type, its scale that of int8 brought to the type's steps.

    Types that have one get a zero point up to so far from the middle, in steps of int8: those far apart tell what
    negative values take from what others do. `shifted`: so does int16.
    """
    steps = STEPS.get(dtype, 1)
    zero_point = int(rng.integers(-farthest, farthest)) * steps + (128 if dtype == "uint8" else 0)
    has_one = dtype in ("int8", "uint8") or (shifted and dtype == "int16")
    return sketch.activation(shape, scale / steps, zero_point if has_one else 0, dtype)


def picked(rng: np.random.Generator, of: Sequence[str]) -> str:
    """One of some words."""
    return of[int(rng.integers(len(of)))]


def sizes_of(rng: np.random.Generator, rank: int, most: int = 8) -> list[int]:
    """So many sizes of axes."""
    return [int(one) for one in rng.integers(1, most + 1, rank)]


def int32s(sketch: Sketch, values: Sequence[object]) -> int:
    """A new constant of int32: axes, sizes, paddings."""
    return sketch.constant(np.array(values, np.int32))
