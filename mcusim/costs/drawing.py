"""A random generator → the sizes, weights and activations of a layer drawn for a fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcusim.sketch import Sketch

Draw = Callable[[Sketch, np.random.Generator], None]

INPUT_SCALE, WEIGHT_SCALE = 0.1, 0.01
# Standard deviations of values drawn evenly from all of a type, and of outputs that fill their type without much
# clipping.
SPREAD = {"int4": 4.6, "int8": 74.0, "int16": 18_900.0}
OUTPUT_SPREAD = {"int8": 60.0, "int16": 10_000.0}


@dataclass(frozen=True, slots=True)
class Types:
    """Types of a layer's activations, weights and bias."""

    activations: str
    weights: str
    bias: str


INT8 = Types("int8", "int8", "int32")
INT4_WEIGHTS = Types("int8", "int4", "int32")
INT16 = Types("int16", "int8", "int64")
INT16_SHORT_BIAS = Types("int16", "int8", "int32")


def one_of(*draws: tuple[Draw, int]) -> tuple[Draw, int]:
    """One of several ways to draw, each as often as its number of samples says, and the sum of these."""
    ways, samples = [draw for draw, _ in draws], [count for _, count in draws]
    total = sum(samples)
    shares = [count / total for count in samples]

    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        ways[int(rng.choice(len(ways), p=shares))](sketch, rng)

    return draw, total


def extent(rng: np.random.Generator, least: int, most: int) -> int:
    """A number of channels: spread over the orders of magnitude, mostly a multiple of 4 as in real models."""
    drawn = round(math.exp(rng.uniform(math.log(least), math.log(most))))
    return min(most, -(-drawn // 4) * 4) if rng.random() < 0.6 and drawn > 2 else drawn


def source(sketch: Sketch, rng: np.random.Generator, shape: tuple[int, ...], dtype: str = "int8") -> int:
    """A layer's input; int16 has no zero point."""
    zero_point = int(rng.integers(-128, 20)) if dtype == "int8" else 0
    return sketch.activation(shape, INPUT_SCALE, zero_point, dtype)


def result(
    sketch: Sketch, rng: np.random.Generator, shape: tuple[int, ...], depth: int, types: Types, other: float = 0.0
) -> int:
    """The output of sums of `depth` products, with a scale that spreads them over its type.

    `other`: the scale of the second factor where that is no weight.
    """
    dtype = types.activations
    products = INPUT_SCALE * SPREAD[dtype] * SPREAD[types.weights] * (other or 1.25 * WEIGHT_SCALE)
    scale = products * math.sqrt(depth) / OUTPUT_SPREAD[dtype]
    zero_point = int(rng.choice([-128, 0, 5])) if dtype == "int8" else 0
    return sketch.activation(shape, scale, zero_point, dtype)


def weights(
    sketch: Sketch,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    channels: int,
    axis: int,
    types: Types = INT8,
    zero_point: int = 0,
    *,
    per_channel: bool,
) -> tuple[int, int]:
    """Weights and bias."""
    scales = tuple(float(one) for one in rng.uniform(0.5, 2.0, channels if per_channel else 1) * WEIGHT_SCALE)
    bits = 4 if types.weights == "int4" else 8
    most = 2 ** (bits - 1) - 1
    values = rng.integers(-most, most + 1, shape, dtype=np.int8)
    bias = rng.integers(-2000, 2000, channels).astype(types.bias)
    return sketch.constant(values, scales, axis, zero_point, bits=bits), sketch.constant(bias)
