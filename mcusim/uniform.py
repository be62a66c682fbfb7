"""What elements are on average where nothing is known of them: every value of their type as likely as another."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from mcusim.requantization import STORED_RANGE

POINT_BITS = 27  # behind the point of an int8 LOGISTIC or TANH, which has 4 before it
MOST_CHANGING = 512  # values, after which the greatest hardly ever changes
SIGMOID_ENTRIES = 255  # of the table of an int16 LOGISTIC or TANH: beyond it lies 1


def negative_share(offset: int, dtype: str) -> float:
    """The share of values that are below 0 once an offset is added."""
    least, greatest = STORED_RANGE[dtype]
    return min(max((-offset - least) / (greatest - least + 1), 0.0), 1.0)


@functools.lru_cache(maxsize=1024)
def negative_differences(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The share of pairs of int8 values whose difference is below 0; each has an offset, a multiplier and a shift."""
    stored = np.arange(-128, 128)
    first, second = (np.ldexp((stored + offset) * float(factor), shift) for offset, factor, shift in (one, other))
    return float((len(second) - np.searchsorted(second, first, side="right")).mean()) / len(second)


@functools.lru_cache(maxsize=1024)
def sigmoid_shares(zero_point: int, radius: int, multiplier: int, shift: int, parts: int) -> tuple[float, float, float]:
    """Of int8 values: those with an exponential that are above and below 0, and factors that exponentials have.

    An exponential has a factor for each bit of the magnitude in 1 / `parts` that is set (gemmlowp's exponential).
    """
    centred = np.arange(-128, 128) - zero_point
    inside = centred[(abs(centred) < radius) & (centred != 0)]
    steps = np.ceil(np.ldexp(abs(inside) * float(multiplier), shift - 31 - POINT_BITS) * parts) - 1
    factors = sum(int(one).bit_count() for one in steps)
    return float((inside > 0).sum()) / 256, float((inside < 0).sum()) / 256, factors / 256


def table_share(multiplier: int, left_shift: int, entry_bits: int) -> float:
    """Of int16 values: those that a LOGISTIC or TANH finds in its table, of 2**entry_bits positions an entry."""
    reach = (SIGMOID_ENTRIES << entry_bits + left_shift) / multiplier
    return min(reach / 2**15, 1.0)


@functools.lru_cache(maxsize=1024)
def saturated_shares(offset: int, multiplier: int, exponent: int) -> tuple[float, float]:
    """Of int8 values: those that an int16 shift of HARD_SWISH to the left saturates, above 0 and below."""
    shifted = np.clip((np.arange(-128, 128) + offset) << 7, -(2**15) >> exponent - 1, (2**15 - 1) >> exponent - 1)
    scaled = (shifted << exponent - 1) * multiplier >> 15
    return float((scaled > 2**14 - 1).mean()), float((scaled < -(2**14)).mean())


@functools.lru_cache(maxsize=1024)
def root_shares(offset: int, dtype: str) -> tuple[float, float]:
    """Of the values of an RSQRT from 0 up: those above 1, and their powers of 4 up to [2**27, 2**29).

    TensorFlow Lite's root takes a step for each power of 4.
    """
    _, greatest = STORED_RANGE[dtype]
    values = np.arange(0, greatest + offset + 1)
    steps = [powers_of_4(float(value)) for value in values[2:]]
    return len(steps) / len(values), sum(steps) / len(values)


def powers_of_4(value: float) -> int:
    """By how many powers of 4 a number is multiplied or divided to lie in [2**27, 2**29)."""
    exponent = math.frexp(value)[1] - 1
    return max(0, -((exponent - 27) // 2)) if exponent < 27 else max(0, (exponent - 27) // 2)


def new_extremes(count: int) -> float:
    """How often the greatest of so many int8 values, one behind the other, changes after the first."""
    return float(_changes()[min(count, MOST_CHANGING) - 1])


@functools.lru_cache(maxsize=1)
def _changes() -> NDArray[np.float64]:
    """The same for 1 value, 2 values ..."""
    reached = np.arange(1, 257) / 256  # the share of values up to each
    before = np.arange(1, MOST_CHANGING)[:, None]
    greatest = np.diff(reached**before, prepend=0.0)  # how likely each is the greatest of so many
    return np.concatenate([[0.0], np.cumsum(greatest @ (1 - reached))])


@functools.lru_cache(maxsize=256)
def mean_square(zero_point: int) -> float:
    """Of int8 values less a zero point."""
    return float(np.square(np.arange(-128, 128) - zero_point).mean())
