"""Scales to multipliers and clamps: hand-made cases and the real numbers they stand for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcusim.model import Op, Quantization
from mcusim.requantization import (
    activation_range,
    activation_reason,
    add_ratios,
    add_scaling,
    channel_multipliers,
    ratio_reason,
    stored,
)


def of(scale, zero_point):
    return Quantization((scale,), (zero_point,), 0)


def with_activation(name):
    return Op(3, "ADD", 1, (0, 1), (2,), {"fused_activation_function": name})


@pytest.mark.parametrize(
    "activation, quantization, expected",
    [
        ("NONE", of(0.1, 5), (-128, 127)),
        ("RELU", of(0.1, 5), (5, 127)),
        ("RELU", of(0.1, -128), (-128, 127)),
        ("RELU6", of(0.1, -128), (-128, -68)),
        ("RELU6", of(0.01, -128), (-128, 127)),
        ("RELU_N1_TO_1", of(0.25, 10), (6, 14)),
        # 6 / 0.4 is 15 exactly in float32, just below it in double precision.
        ("RELU6", of(float(np.float32(0.4)), 0), (0, 15)),
    ],
)
def test_activation_range(activation, quantization, expected):
    assert activation_range(with_activation(activation), quantization) == expected


def test_other_activations_are_no_clamp():
    assert activation_reason(with_activation("RELU6")) is None
    assert activation_reason(with_activation("TANH")) == "the fused activation TANH is not supported"


def test_halves_are_rounded_away_from_zero():
    assert [stored(real, of(1.0, 3)) for real in (0.5, -0.5, 1.5, -1.5, 0.49)] == [4, 2, 5, 1, 3]


@given(st.floats(1e-3, 10), st.floats(1e-3, 10), st.floats(1e-3, 1))
def test_add_multipliers_stand_for_their_ratios(first, second, output):
    ratios = add_ratios(of(first, 0), of(second, 0), of(output, 0))
    assert max(ratios[:2]) == 0.5
    scaling = add_scaling(ratios)
    pairs = (
        (scaling.input_1_mult, scaling.input_1_shift),
        (scaling.input_2_mult, scaling.input_2_shift),
        (scaling.out_mult, scaling.out_shift),
    )
    for (multiplier, shift), ratio in zip(pairs, ratios, strict=True):
        assert math.isclose(math.ldexp(multiplier, shift - 31), ratio, rel_tol=1e-9)


def test_one_ratio_serves_all_channels():
    multiplier, shift = channel_multipliers((0.25,), 3)
    assert multiplier.tolist() == [2**30] * 3 and shift.tolist() == [-1] * 3
    assert channel_multipliers((0.25, 1e-12), 2)[0].tolist() == [2**30, 0]  # a dead channel


def test_ratios_beyond_an_int32():
    assert ratio_reason([1e-30, 0.5, 2.0**29]) is None
    assert ratio_reason([0.5, 2.0**30]) == "scales with a ratio of 1.07e+09 are not supported"
    assert ratio_reason([math.inf]) is not None
