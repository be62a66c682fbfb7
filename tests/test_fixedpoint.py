import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcusim import fixedpoint
from mcusim.fixedpoint import INT32_MAX, INT32_MIN

int32 = st.integers(INT32_MIN, INT32_MAX)
multipliers = st.integers(0, INT32_MAX)
no_deadline = settings(deadline=None)  # the first call of a function compiles it


def half_away(value):
    """An exact fraction to the nearest integer, halves away from zero."""
    magnitude = math.floor(abs(value) + Fraction(1, 2))
    return magnitude if value >= 0 else -magnitude


def wrapped(value):
    """An integer as an int32 register holds it."""
    return (value - INT32_MIN) % 2**32 + INT32_MIN


def q31(value):
    return round(float(value) * 2**31)


@no_deadline
@given(int32, int32)
@example(INT32_MIN, INT32_MIN)
@example(-1, 2**30)
@example(1, 2**30)
def test_doubling_high_mult_rounds_halves_up_and_saturates(a, b):
    expected = min(math.floor(Fraction(a * b, 2**31) + Fraction(1, 2)), INT32_MAX)
    assert fixedpoint.doubling_high_mult(a, b) == expected


@no_deadline
@given(int32, st.integers(0, 40))
@example(3, 1)
@example(-3, 1)
@example(INT32_MIN, 31)
@example(INT32_MAX, 0)
def test_divide_by_power_of_two_rounds_halves_away_from_zero(value, exponent):
    assert fixedpoint.divide_by_power_of_two(value, exponent) == half_away(Fraction(value, 2**exponent))


@no_deadline
@given(int32, multipliers, st.integers(-31, 30))
@example(INT32_MIN, INT32_MAX, 0)
@example(INT32_MAX, INT32_MAX, 30)
@example(1, 2**30, -31)
def test_requantize_rounds_twice_after_a_left_shift_that_wraps(value, multiplier, shift):
    left, right = max(shift, 0), max(-shift, 0)
    high = math.floor(Fraction(wrapped(value << left) * multiplier, 2**31) + Fraction(1, 2))
    assert fixedpoint.requantize(value, multiplier, shift) == half_away(Fraction(high, 2**right))


def test_requantize_gives_the_vectors_outputs(reference_data):
    with np.load(reference_data / "vectors" / "requantize.npz") as arrays:
        columns = [arrays[f"requantize_s32_a/{name}"].tolist() for name in ("input", "multiplier", "shift", "expected")]
    for value, multiplier, shift, expected in zip(*columns, strict=True):
        assert fixedpoint.requantize(value, multiplier, shift) == expected


@no_deadline
@given(int32, multipliers, st.integers(-31, 5), st.integers(-128, 127))
@example(INT32_MAX, INT32_MAX, 0, 127)
def test_requantize_and_clamp_adds_the_offset_in_int32(value, multiplier, shift, offset):
    total = wrapped(fixedpoint.requantize(value, multiplier, shift) + offset)
    assert fixedpoint.requantize_and_clamp(value, multiplier, shift, offset, -100, 90) == min(max(total, -100), 90)


@no_deadline
@given(int32, st.integers(0, 30))
def test_saturating_left_shift(value, exponent):
    assert fixedpoint.saturating_left_shift(value, exponent) == min(max(value << exponent, INT32_MIN), INT32_MAX)


def exp_with_its_polynomial(value):
    """exp(value) where the distance above a multiple of 1/4 goes through four terms of the series around −1/8."""
    rest = value % 0.25 - 0.25
    x = rest + 0.125
    return math.exp(value - rest - 0.125) * (1 + x + x**2 / 2 + x**3 / 6 + x**4 / 24)


@settings(no_deadline, max_examples=300)
@given(st.sampled_from([4, 5]), st.integers(0, 2**31), st.integers(0, 12))
def test_exp_on_negative_values_is_its_polynomial_but_for_roundings(integer_bits, magnitude, scale):
    raw = -(magnitude >> scale)
    real = exp_with_its_polynomial(raw / 2 ** (31 - integer_bits)) if raw else 1.0
    assert fixedpoint.exp_on_negative_values(raw, integer_bits) == pytest.approx(q31(real), abs=6)


@pytest.mark.parametrize("power", range(-2, 5))
def test_each_factor_of_exp_on_negative_values(power):
    value = -(2.0**power) - 0.125  # halfway below the point where the factor exp(−2**power) comes in alone
    expected = q31(math.exp(value))
    assert fixedpoint.exp_on_negative_values(int(value * 2**26), 5) == pytest.approx(expected, abs=2)


@no_deadline
@given(multipliers)
@example(0)
@example(INT32_MAX)
def test_one_over_one_plus_x_is_within_2_to_the_minus_27(raw):
    assert fixedpoint.one_over_one_plus_x(raw) == pytest.approx(q31(1 / (1 + raw / 2**31)), abs=2**4)


@no_deadline
@given(st.integers(INT32_MIN + 1, INT32_MAX))
def test_logistic_is_that_of_the_polynomial_but_for_roundings(raw):
    real = 1 / (1 + exp_with_its_polynomial(-abs(raw) / 2**27)) if raw else 0.5
    assert fixedpoint.logistic(raw) == pytest.approx(q31(real if raw > 0 else 1 - real), abs=8)


@no_deadline
@given(st.floats(2.0**-31, 2.0**30))
@example(1.0)
@example(0.75)
@example(1 - 2**-40)  # rounds up to 2**31, which becomes 2**30 and one shift more
def test_quantize_multiplier_is_the_nearest_normalized_pair(real):
    multiplier, shift = fixedpoint.quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    exact = Fraction(real) / Fraction(2) ** (shift - 31)
    # Where rounding carries into the next power of two the mantissa is halved afterwards.
    assert multiplier == half_away(exact) or (multiplier == 2**30 and half_away(2 * exact) == 2**31)


@pytest.mark.parametrize(
    ("real", "pair"), [(0.0, (0, 0)), (1.0, (2**30, 1)), (2.0**-32, (2**30, -31)), (0.99 * 2.0**-32, (0, 0))]
)
def test_quantize_multiplier_flushes_what_is_below_2_to_the_minus_32(real, pair):
    assert fixedpoint.quantize_multiplier(real) == pair


@pytest.mark.parametrize("real", [-1.0, math.inf, math.nan])
def test_quantize_multiplier_refuses_what_no_scales_give(real):
    with pytest.raises(ValueError, match="no fixed-point form"):
        fixedpoint.quantize_multiplier(real)


@no_deadline
@given(st.floats(2.0**-10, 2.0**10), st.integers(1, 10**6))
def test_fold_count_divides_the_multiplier(ratio, count):
    multiplier, shift = fixedpoint.fold_count(*fixedpoint.quantize_multiplier(ratio), count)
    assert shift >= -31
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(ratio / count, rel=2**-28)


def test_fold_count_keeps_the_shift_within_31():
    assert fixedpoint.fold_count(2**30, -30, 8) == (2**31 // 8, -31)


@pytest.mark.parametrize(
    ("beta", "scale", "parameters"),
    [
        # 1/16 · 2**26 = 2**22: mantissa 1/2, exponent 23; radius floor(31 · 2**26 / 2**23)
        (1.0, 0.0625, (2**30, 23, -248)),
        (2.0, 0.0625, (2**30, 24, -124)),
        # from a product of 32 on the multiplier is held at 2**31 − 1, whose mantissa is 31 ones
        (1.0, 40.0, (2**31 - 1, 31, 0)),
    ],
)
def test_softmax_scaling(beta, scale, parameters):
    assert fixedpoint.softmax_scaling(beta, scale) == parameters


def test_logistic_scaling():
    # 1/16 · 2**27 = 2**23: mantissa 1/2, exponent 24; radius floor(15 · 2**27 / 2**24)
    assert fixedpoint.logistic_scaling(0.0625) == (2**30, 24, 120)


@pytest.mark.parametrize("scale", [2.0**-26, 1e-12])
def test_softmax_scaling_refuses_scales_for_which_tflite_aborts(scale):
    with pytest.raises(ValueError, match="SOFTMAX input scale"):
        fixedpoint.softmax_scaling(1.0, scale)


@pytest.mark.parametrize("scale", [2.0**-29, 1e-12])
def test_logistic_scaling_refuses_scales_without_a_radius(scale):
    with pytest.raises(ValueError, match="input scale"):
        fixedpoint.logistic_scaling(scale)
