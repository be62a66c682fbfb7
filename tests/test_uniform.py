"""Shares of values against counting all of them."""

import math

import numpy as np
import pytest

from mcusim import uniform
from mcusim.fixedpoint import logistic_scaling, sigmoid_s16_scaling


@pytest.mark.parametrize(("offset", "dtype"), [(0, "int8"), (128, "int8"), (-127, "int8"), (0, "uint8"), (0, "int16")])
def test_negative_share(offset, dtype):
    limits = np.iinfo(dtype)
    values = np.arange(limits.min, limits.max + 1) + offset
    assert uniform.negative_share(offset, dtype) == (values < 0).mean()


def test_negative_differences():
    one, other = (5, 1 << 30, 0), (-20, 1 << 29, 1)
    first, second = np.arange(-128, 128) + 5, np.arange(-128, 128) - 20
    assert uniform.negative_differences(one, other) == (first[:, None] < second[None, :]).mean()


@pytest.mark.parametrize("scale", [0.0213, 0.1137, 0.413])
@pytest.mark.parametrize("zero_point", [-128, 3])
@pytest.mark.parametrize("parts", [4, 8])
def test_sigmoid_shares(scale, zero_point, parts):
    """A magnitude of k parts and some more has the factors of the bits of k."""
    multiplier, shift, radius = logistic_scaling(scale)
    centred = [value - zero_point for value in range(-128, 128) if abs(value - zero_point) < radius]
    factors = sum((math.ceil(abs(one) * scale * parts - 1e-6) - 1).bit_count() for one in centred if one)
    expected = sum(one > 0 for one in centred) / 256, sum(one < 0 for one in centred) / 256, factors / 256
    assert uniform.sigmoid_shares(zero_point, radius, multiplier, shift, parts) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("scale", [1e-4, 1e-3])
def test_table_share(scale):
    multiplier, left_shift = sigmoid_s16_scaling(scale, (0,))
    entries = abs(np.arange(-(2**15), 2**15)) * multiplier >> left_shift >> 9
    assert uniform.table_share(multiplier, left_shift, 9) == pytest.approx((entries < 255).mean(), abs=1e-3)


@pytest.mark.parametrize("value", [2, 3, 255, 2**15, 2**27 - 1, 2**27, 2**29 - 1, 2**29, 2**31 - 1])
def test_powers_of_4(value):
    """As the C code walks them."""
    steps, moved = 0, value
    while moved >= 1 << 29:
        moved, steps = moved // 4, steps + 1
    while moved < 1 << 27:
        moved, steps = moved * 4, steps + 1
    assert uniform.powers_of_4(float(value)) == steps


def test_root_shares():
    above_1, steps = uniform.root_shares(128, "int8")
    assert above_1 == 254 / 256 and steps == sum(uniform.powers_of_4(float(one)) for one in range(2, 256)) / 256


def test_new_extremes():
    """The n-th of different values is the greatest so far with probability 1/n; where some are equal, less often."""
    rng = np.random.default_rng(1)
    values = rng.integers(0, 256, (4_000, 50))
    before = np.maximum.accumulate(values, axis=1)
    changes = (np.diff(before, axis=1) > 0).sum(axis=1).mean()
    assert uniform.new_extremes(50) == pytest.approx(changes, rel=0.03)
    assert uniform.new_extremes(1) == 0 and uniform.new_extremes(2) == pytest.approx(0.5 - 0.5 / 256)
    assert uniform.new_extremes(10**6) == uniform.new_extremes(512)


def test_saturated_shares():
    """HARD_SWISH saturates from 3 up, and below -3."""
    scale, zero_point = 0.1, 10
    fraction, exponent = math.frexp(scale / 128 / (3 / 32768))
    centred = (np.arange(-128, 128) - zero_point) * scale
    found = uniform.saturated_shares(-zero_point, round(fraction * 2**15), exponent)
    assert found == pytest.approx(((centred >= 3).mean(), (centred < -3).mean()), abs=0.01)


def test_mean_square():
    assert uniform.mean_square(-128) == sum(value**2 for value in range(256)) / 256
