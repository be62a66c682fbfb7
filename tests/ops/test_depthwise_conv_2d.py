"""DEPTHWISE_CONV_2D: reference, LiteRT and target agree; MACs and memory by hand; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M0PLUS, M4, M55, REFERENCE, Value, activation, one_layer, padding, random_int8

from mcusim.errors import BadModelError


def depthwise(shape, kernel, ch_mult, *, stride=1, dilation=1, rule="SAME", fused="NONE", seed=0, option=None,
              dtype="int8"):  # fmt: skip
    rng = np.random.default_rng(seed)
    n, h, w, c = shape
    channels = c * ch_mult
    reach = [(k - 1) * dilation + 1 for k in kernel]
    same = [-(-size // stride) for size in (h, w)]
    valid = [(size - r) // stride + 1 for size, r in zip((h, w), reach, strict=True)]
    weights = rng.integers(-127, 128, (1, *kernel, channels), dtype=np.int8)
    scales = tuple(float(s) for s in rng.uniform(1e-4, 0.02, channels))
    bias = rng.integers(-2000, 2000, channels, dtype=np.int32)
    zero_points = (-11, 20) if dtype == "int8" else (0, 0)
    return one_layer(
        "DEPTHWISE_CONV_2D",
        [
            Value(shape, 0.06, zero_points[0], dtype),
            Value(weights.shape, scales if channels > 1 else scales[0], 0, axis=3, data=weights),
            Value((channels,), None, dtype="int32", data=bias),
        ],
        Value((n, *(same if rule == "SAME" else valid), channels), 0.08, zero_points[1], dtype),
        "DepthwiseConv2DOptions",
        StrideH=stride,
        StrideW=stride,
        DilationHFactor=dilation,
        DilationWFactor=dilation,
        DepthMultiplier=ch_mult if option is None else option,
        Padding=padding(rule),
        FusedActivationFunction=activation(fused),
    )


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(3, 9), st.integers(3, 9), st.sampled_from([1, 2, 3, 5, 8])),
    st.sampled_from([(1, 1), (3, 3), (2, 3), (3, 1)]),
    st.sampled_from([1, 1, 1, 2, 3]),
    st.sampled_from([(1, 1), (2, 1), (1, 2), (3, 1)]),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_any_geometry_gives_one_result(shape, kernel, ch_mult, steps, rule, fused, seed):
    dilation = steps[1] if min(shape[1:3]) >= 5 else 1
    layer = depthwise(shape, kernel, ch_mult, stride=steps[0], dilation=dilation, rule=rule, fused=fused, seed=seed)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), shape)
    layer.assert_one_result(value)


def test_macs():
    # A depthwise layer of MLPerf Tiny's keyword spotting network.
    assert depthwise((1, 25, 5, 64), (3, 3), 1).macs() == 25 * 5 * 64 * 9
    assert depthwise((1, 8, 8, 2), (2, 3), 3, stride=2).macs() == 4 * 4 * 6 * 6


@pytest.mark.parametrize(
    "shape, kernel, ch_mult, change, expected",
    [
        # Scratch with DSP, without, and with MVE.
        ((1, 9, 9, 8), (3, 3), 1, {}, (0, 0, 4 * 124 * 9)),
        ((1, 9, 9, 8), (5, 3), 1, {}, (2 * 8 * 15, 0, 4 * 124 * 15)),
        ((2, 9, 9, 8), (5, 3), 1, {}, (0, 0, 0)),
        ((1, 9, 9, 8), (5, 3), 2, {}, (0, 0, 0)),
        ((1, 9, 9, 8), (5, 3), 1, {"dilation": 2}, (0, 0, 0)),
        # One input channel: with MVE a convolution and the transposed filter. person_detect and micro_speech.
        ((1, 96, 96, 1), (3, 3), 8, {"stride": 2}, (0, 0, 136)),
        ((1, 49, 40, 1), (10, 8), 8, {"stride": 2}, (0, 0, 960)),
        ((1, 9, 9, 8), (5, 3), 1, {"dtype": "int16"}, (0, 0, 0)),
    ],
)
def test_scratch(shape, kernel, ch_mult, change, expected):
    layer = depthwise(shape, kernel, ch_mult, **change)
    assert tuple(sum(layer.memory(runtime).scratch_bytes) for runtime in (M4, M0PLUS, M55)) == expected
    assert layer.memory(REFERENCE).scratch_bytes == ()


def test_memory_of_kernels():
    layer = depthwise((1, 9, 9, 3), (3, 3), 2)
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes) == (28, 60)
    assert layer.memory().prepare_bytes == layer.memory(REFERENCE).prepare_bytes == (24, 24)
    assert layer.memory(REFERENCE).init_bytes == 56


def test_refusals():
    assert "int16 activations" in depthwise((1, 9, 9, 8), (3, 3), 1, dtype="int16").check()
    assert "SIGN_BIT" in depthwise((1, 9, 9, 8), (3, 3), 1, fused="SIGN_BIT").check()
    with pytest.raises(BadModelError, match="depth_multiplier of 3; its shapes give 2"):
        depthwise((1, 9, 9, 8), (3, 3), 2, option=3).check()
