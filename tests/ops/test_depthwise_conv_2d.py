"""DEPTHWISE_CONV_2D: reference, LiteRT and target agree; MACs and memory by hand; what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M0PLUS, M4, M55, REFERENCE, Value, activation, one_layer, padding, random_int8
from scratch_sizes import IMAGES, asked_for, planned

from mcusim.errors import BadModelError, UnsupportedError


def depthwise(shape, kernel, ch_mult, *, stride=1, dilation=1, rule="SAME", fused="NONE", seed=0, option=None,
              dtype="int8", kind="int8", bias=True):  # fmt: skip
    rng = np.random.default_rng(seed)
    n, h, w, c = shape
    channels = c * ch_mult
    reach = [(k - 1) * dilation + 1 for k in kernel]
    same = [-(-size // stride) for size in (h, w)]
    valid = [(size - r) // stride + 1 for size, r in zip((h, w), reach, strict=True)]
    filters = (1, *kernel, channels)
    weights = rng.integers(-127, 128, filters, dtype=np.int8)
    if kind == "int4":
        weights = rng.integers(0, 256, -(-math.prod(filters) // 2), dtype=np.uint8)
    scales = tuple(float(s) for s in rng.uniform(1e-4, 0.02, channels))
    bias_dtype = "int64" if dtype == "int16" else "int32"
    offsets = rng.integers(-2000, 2000, channels, dtype=bias_dtype)
    zero_points = (-11, 20) if dtype == "int8" else (0, 0)
    return one_layer(
        "DEPTHWISE_CONV_2D",
        [
            Value(shape, 0.06, zero_points[0], dtype),
            Value(filters, scales if channels > 1 else scales[0], 0, kind, axis=3, data=weights),
            *([Value((channels,), None, dtype=bias_dtype, data=offsets)] if bias else []),
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


@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(5, 9), st.integers(5, 9), st.sampled_from([1, 2, 3, 5, 8])),
    st.sampled_from([(1, 1), (3, 3), (2, 3), (3, 1)]),
    st.sampled_from([1, 1, 2, 3]),
    st.sampled_from([(1, 1), (2, 1), (1, 2)]),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from([("int16", "int8"), ("int8", "int4")]),
    st.integers(0, 2**32),
)
def test_int16_and_int4_give_one_result(shape, kernel, ch_mult, steps, rule, types, seed):
    dtype, kind = types
    layer = depthwise(
        shape, kernel, ch_mult, stride=steps[0], dilation=steps[1], rule=rule, seed=seed, dtype=dtype, kind=kind
    )
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    value = random_int8(rng, shape) if dtype == "int8" else rng.integers(-32768, 32768, shape).astype(np.int16)
    layer.assert_one_result(value)


@pytest.mark.parametrize("types", [("int16", "int8"), ("int8", "int4")])
def test_a_missing_bias_is_zero(types):
    dtype, kind = types
    layer = depthwise((1, 5, 6, 5), (3, 3), 1, dtype=dtype, kind=kind, bias=False)
    value = np.random.default_rng(2).integers(-128, 128, (1, 5, 6, 5)).astype(dtype)
    assert layer.check() is None
    np.testing.assert_array_equal(layer.reference(value), layer.target(value))


def test_int16_runs_the_general_function():
    # TensorFlow Lite Micro asks for no scratch, which the faster one needs.
    (call,) = depthwise((1, 9, 9, 8), (3, 3), 1, dtype="int16").invocation().calls
    assert call.symbol == "arm_depthwise_conv_s16"
    (call,) = depthwise((1, 9, 9, 8), (3, 3), 1, kind="int4").invocation().calls
    assert call.symbol == "arm_depthwise_conv_wrapper_s4"


def test_scratch_of_int4():
    # The same with and without DSP; for 3 × 3 too.
    for kernel, change, expected in (((3, 3), {}, (2 * 8 * 9,)), ((5, 3), {"dilation": 2}, ())):
        layer = depthwise((1, 15, 15, 8), kernel, 1, kind="int4", **change)
        assert layer.memory(M4).scratch_bytes == layer.memory(M0PLUS).scratch_bytes == expected
        assert layer.memory(REFERENCE).scratch_bytes == (8 * math.prod(kernel),)
    with pytest.raises(UnsupportedError, match="the scratch of int4 weights with MVE"):
        depthwise((1, 9, 9, 8), (3, 3), 1, kind="int4").memory(M55)


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


@pytest.mark.parametrize("image", IMAGES)
@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.just(7), st.just(9), st.sampled_from([1, 4, 5])),
    st.sampled_from([(1, 1), (3, 3), (2, 3)]),
    st.integers(1, 2),
    st.integers(1, 2),
    st.sampled_from(["int8", "int4"]),
)
def test_c_asks_for_the_planned_scratch(image, shape, kernel, ch_mult, dilation, kind):
    layer = depthwise(shape, kernel, ch_mult, dilation=dilation, kind=kind)
    symbol = f"arm_depthwise_conv_wrapper_s{kind[3:]}_get_buffer_size"
    assert asked_for(image, layer, symbol) == planned(image, layer)


def test_memory_of_kernels():
    layer = depthwise((1, 9, 9, 3), (3, 3), 2)
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes) == (28, 60)
    assert layer.memory().prepare_bytes == layer.memory(REFERENCE).prepare_bytes == (24, 24)
    assert layer.memory(REFERENCE).init_bytes == 56


def test_refusals():
    assert "int4 weights" in depthwise((1, 9, 9, 8), (3, 3), 1, dtype="int16", kind="int4").check()
    assert "SIGN_BIT" in depthwise((1, 9, 9, 8), (3, 3), 1, fused="SIGN_BIT").check()
    with pytest.raises(BadModelError, match="depth_multiplier of 3; its shapes give 2"):
        depthwise((1, 9, 9, 8), (3, 3), 2, option=3).check()
