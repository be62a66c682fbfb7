"""Shares of likely values against values that are drawn."""

import math

import numpy as np
import pytest

from mcusim import likely
from mcusim.fixedpoint import logistic_scaling, sigmoid_s16_scaling

COUNT = 200_000
CLOSE = 0.006  # four standard deviations of the share of so many


def drawn(dtype):
    """As the layers of a fit get them."""
    limits, rng = np.iinfo(dtype), np.random.default_rng(3)
    values = rng.normal((limits.max + limits.min) / 2, (limits.max - limits.min) / 6, COUNT)
    return np.clip(np.rint(values), limits.min, limits.max).astype(np.int64)


def test_shares_are_of_all():
    assert likely.shares("int8").sum() == pytest.approx(1) and len(likely.shares("int8")) == 256
    found = np.bincount(drawn("int8") + 128, minlength=256) / COUNT
    assert np.abs(likely.shares("int8") - found).max() < CLOSE


@pytest.mark.parametrize(
    ("offset", "dtype"),
    [(0, "int8"), (128, "int8"), (-127, "int8"), (-128, "int8"), (-100, "uint8"), (0, "int16"), (9_000, "int16")],
)
def test_negative_share(offset, dtype):
    assert likely.negative_share(offset, dtype) == pytest.approx((drawn(dtype) + offset < 0).mean(), abs=CLOSE)


def test_negative_differences():
    one, other = (5, 1 << 30, 0), (-20, 1 << 29, 1)
    values = drawn("int8")
    expected = (values[::2] + 5 < values[1::2] - 20).mean()
    assert likely.negative_differences(one, other) == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("scale", [0.0213, 0.1137, 0.413])
@pytest.mark.parametrize("zero_point", [-128, 3])
@pytest.mark.parametrize("parts", [4, 8])
def test_sigmoid_shares(scale, zero_point, parts):
    """A magnitude of k parts and some more has the factors of the bits of k."""
    multiplier, shift, radius = logistic_scaling(scale)
    centred = drawn("int8") - zero_point
    inside = centred[(abs(centred) < radius) & (centred != 0)]
    factors = sum((math.ceil(abs(one) * scale * parts - 1e-6) - 1).bit_count() for one in inside.tolist())
    expected = (inside > 0).sum() / COUNT, (inside < 0).sum() / COUNT, factors / COUNT
    assert likely.sigmoid_shares(zero_point, radius, multiplier, shift, parts) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("scale", [1e-4, 1e-3, 3e-3])
@pytest.mark.parametrize("entry_bits", [8, 9])
def test_table_share(scale, entry_bits):
    multiplier, left_shift = sigmoid_s16_scaling(scale, (0,))
    entries = abs(drawn("int16")) * multiplier >> left_shift >> entry_bits
    assert likely.table_share(multiplier, left_shift, entry_bits) == pytest.approx((entries < 255).mean(), abs=CLOSE)


@pytest.mark.parametrize("value", [2, 3, 255, 2**15, 2**27 - 1, 2**27, 2**29 - 1, 2**29, 2**31 - 1])
def test_powers_of_4(value):
    """As the C code walks them."""
    steps, moved = 0, value
    while moved >= 1 << 29:
        moved, steps = moved // 4, steps + 1
    while moved < 1 << 27:
        moved, steps = moved * 4, steps + 1
    assert likely.powers_of_4(float(value)) == steps


@pytest.mark.parametrize(("offset", "dtype"), [(128, "int8"), (0, "int16")])
def test_root_shares(offset, dtype):
    values = drawn(dtype) + offset
    values = values[values >= 0]
    above_1 = values[values > 1]
    steps = sum(likely.powers_of_4(float(one)) for one in above_1.tolist()) / len(values)
    assert likely.root_shares(offset, dtype) == pytest.approx((len(above_1) / len(values), steps), abs=3 * CLOSE)


def test_new_extremes():
    rows = drawn("int8").reshape(-1, 50)
    changes = (np.diff(np.maximum.accumulate(rows, axis=1), axis=1) > 0).sum(axis=1).mean()
    assert likely.new_extremes(50) == pytest.approx(changes, rel=0.03)
    assert likely.new_extremes(1) == 0 and 0.49 < likely.new_extremes(2) < 0.5
    assert likely.new_extremes(10**6) == likely.new_extremes(512)


def test_saturated_shares():
    """HARD_SWISH saturates from 3 up, and below -3."""
    scale, zero_point = 0.1, 10
    fraction, exponent = math.frexp(scale / 128 / (3 / 32768))
    real = (drawn("int8") - zero_point) * scale
    found = likely.saturated_shares(-zero_point, round(fraction * 2**15), exponent)
    assert found == pytest.approx(((real >= 3).mean(), (real < -3).mean()), abs=0.01)


def test_mean_square():
    assert likely.mean_square(-128) == pytest.approx(np.square(drawn("int8") + 128).mean(), rel=0.01)
