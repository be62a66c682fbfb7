"""What elements are likely to be where nothing is known of them → shares of them that take a way through a kernel.

They are normally distributed around the middle of their type, which holds six standard deviations, as it does where
scales come from the least and the greatest values of a calibration.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from mcusim.requantization import STORED_RANGE

DEVIATIONS = 6  # that a type holds
POINT_BITS = 27  # behind the point of an int8 LOGISTIC or TANH, which has 4 before it
MOST_CHANGING = 512  # values, after which the greatest hardly ever changes
SIGMOID_ENTRIES = 255  # of the table of an int16 LOGISTIC or TANH: beyond it lies 1

Shares = NDArray[np.float64]


def _below(limit: float, dtype: str) -> float:
    """The share of values that are less than a whole number, of all that round to a type's."""
    least, greatest = STORED_RANGE[dtype]
    if not least < limit <= greatest:
        return float(limit > greatest)
    deviation = (greatest - least) / DEVIATIONS
    return (1 + math.erf((limit - 0.5 - (least + greatest) / 2) / deviation / math.sqrt(2))) / 2


@functools.lru_cache(maxsize=4)
def shares(dtype: str) -> Shares:
    """Of each value of a type, from the least on."""
    least, greatest = STORED_RANGE[dtype]
    return np.diff([_below(limit, dtype) for limit in range(least, greatest + 2)])


def negative_share(offset: int, dtype: str) -> float:
    """The share of values that are below 0 once an offset is added."""
    return _below(-offset, dtype)


@functools.lru_cache(maxsize=1024)
def negative_differences(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The share of pairs of int8 values whose difference is below 0; each has an offset, a multiplier and a shift."""
    stored, weights = np.arange(-128, 128), shares("int8")
    first, second = (np.ldexp((stored + offset) * float(factor), shift) for offset, factor, shift in (one, other))
    above = np.append(np.cumsum(weights[::-1])[::-1], 0.0)  # of the second's values from each on
    return float(weights @ above[np.searchsorted(second, first, side="right")])


@functools.lru_cache(maxsize=1024)
def sigmoid_shares(zero_point: int, radius: int, multiplier: int, shift: int, parts: int) -> tuple[float, float, float]:
    """Of int8 values: those with an exponential that are above and below 0, and factors that exponentials have.

    An exponential has a factor for each bit of the magnitude in 1 / `parts` that is set (gemmlowp's exponential).
    """
    centred, weights = np.arange(-128, 128) - zero_point, shares("int8")
    is_inside = (abs(centred) < radius) & (centred != 0)
    inside, weights = centred[is_inside], weights[is_inside]
    steps = np.ceil(np.ldexp(abs(inside) * float(multiplier), shift - 31 - POINT_BITS) * parts) - 1
    factors = np.array([int(one).bit_count() for one in steps], np.float64)
    return float(weights[inside > 0].sum()), float(weights[inside < 0].sum()), float(weights @ factors)


def table_share(multiplier: int, left_shift: int, entry_bits: int) -> float:
    """Of int16 values: those that a LOGISTIC or TANH finds in its table, of 2**entry_bits positions an entry."""
    reach = math.ceil((SIGMOID_ENTRIES << entry_bits + left_shift) / multiplier)
    return _below(reach, "int16") - _below(1 - reach, "int16")


@functools.lru_cache(maxsize=1024)
def saturated_shares(offset: int, multiplier: int, exponent: int) -> tuple[float, float]:
    """Of int8 values: those that an int16 shift of HARD_SWISH to the left saturates, above 0 and below."""
    shifted = np.clip((np.arange(-128, 128) + offset) << 7, -(2**15) >> exponent - 1, (2**15 - 1) >> exponent - 1)
    scaled = (shifted << exponent - 1) * multiplier >> 15
    return float(shares("int8")[scaled > 2**14 - 1].sum()), float(shares("int8")[scaled < -(2**14)].sum())


@functools.lru_cache(maxsize=64)
def root_shares(offset: int, dtype: str) -> tuple[float, float]:
    """Of the values of an RSQRT, from 0 up: those above 1, and their powers of 4 up to [2**27, 2**29).

    TensorFlow Lite's root takes a step for each power of 4.
    """
    least, _ = STORED_RANGE[dtype]
    weights = shares(dtype)[max(0, -offset - least) :]
    above_1 = weights[2:]
    steps = [powers_of_4(float(value)) for value in range(2, len(weights))]
    return float(above_1.sum() / weights.sum()), float(above_1 @ np.array(steps, np.float64) / weights.sum())


def powers_of_4(value: float) -> int:
    """By how many powers of 4 a number is multiplied or divided to lie in [2**27, 2**29)."""
    exponent = math.frexp(value)[1] - 1
    return abs((exponent - 27) // 2)


def new_extremes(count: int) -> float:
    """How often the greatest of so many int8 values, one behind the other, changes after the first."""
    return float(_changes()[min(count, MOST_CHANGING) - 1])


@functools.lru_cache(maxsize=1)
def _changes() -> Shares:
    """The same for 1 value, 2 values ..."""
    reached = np.minimum(np.cumsum(shares("int8")), 1.0)  # the share of values up to each
    before = np.arange(1, MOST_CHANGING)[:, None]
    greatest = np.diff(reached**before, prepend=0.0)  # how likely each is the greatest of so many
    return np.concatenate([[0.0], np.cumsum(greatest @ (1 - reached))])


@functools.lru_cache(maxsize=256)
def mean_square(zero_point: int) -> float:
    """Of int8 values less a zero point."""
    return float(np.square(np.arange(-128, 128) - zero_point) @ shares("int8"))
