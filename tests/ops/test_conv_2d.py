"""CONV_2D: reference, LiteRT and target agree; MACs and memory by hand; what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M0PLUS, M4, M55, REFERENCE, Value, activation, one_layer, padding, random_int8

from mcusim.errors import BadModelError, UnsupportedError

CONV = "Conv2DOptions"


def conv(
    shape,
    filters,
    output,
    *,
    stride=(1, 1),
    dilation=(1, 1),
    rule="VALID",
    fused="NONE",
    seed=0,
    scales=0.01,
    dtype="int8",
    bias=True,
    kind="int8",
):
    rng = np.random.default_rng(seed)
    weights = Value(filters, scales, 0, kind, data=_weights(rng, filters, kind))
    offsets = Value((filters[0],), None, dtype="int32", data=rng.integers(-2000, 2000, filters[0], dtype=np.int32))
    return one_layer(
        "CONV_2D",
        [Value(shape, 0.05, 7 if dtype == "int8" else 0, dtype), weights, *([offsets] if bias else [])],
        Value(output, 0.2, -9 if dtype == "int8" else 0, dtype),
        CONV,
        StrideH=stride[0],
        StrideW=stride[1],
        DilationHFactor=dilation[0],
        DilationWFactor=dilation[1],
        Padding=padding(rule),
        FusedActivationFunction=activation(fused),
    )


def _weights(rng, shape, kind):
    if kind == "int4":
        return rng.integers(0, 255, -(-math.prod(shape) // 2), dtype=np.uint8)
    return rng.integers(-127, 128, shape).astype(kind)


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(3, 9), st.integers(3, 9), st.sampled_from([1, 2, 3, 4, 8])),
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_any_geometry_gives_one_result(shape, filters, stride, rule, fused, per_channel, seed):
    rng = np.random.default_rng(seed)
    (n, h, w, c), (oc, kh, kw) = shape, filters
    if rule == "SAME":
        size = (-(-h // stride[0]), -(-w // stride[1]))
    else:
        size = ((h - kh) // stride[0] + 1, (w - kw) // stride[1] + 1)
    scales = tuple(float(s) for s in rng.uniform(1e-4, 0.02, oc)) if per_channel else 0.013
    layer = conv(
        shape, (oc, kh, kw, c), (n, *size, oc), stride=stride, rule=rule, fused=fused, seed=seed, scales=scales
    )
    assert layer.check() is None
    value = random_int8(rng, shape)
    layer.assert_one_result(value)


def test_dilation_and_groups():
    value = random_int8(np.random.default_rng(5), (1, 9, 8, 4))
    dilated = conv((1, 9, 8, 4), (3, 3, 2, 4), (1, 5, 6, 3), dilation=(2, 2))
    grouped = conv((1, 9, 8, 4), (6, 3, 3, 2), (1, 9, 8, 6), rule="SAME")
    for layer in (dilated, grouped):
        layer.assert_one_result(value)


def test_a_missing_bias_is_zero():
    # LiteRT refuses such a layer, TensorFlow Lite Micro runs it.
    value = random_int8(np.random.default_rng(5), (1, 9, 8, 4))
    layer = conv((1, 9, 8, 4), (6, 3, 3, 4), (1, 7, 6, 6), bias=False)
    found = layer.reference(value)
    np.testing.assert_array_equal(found, layer.target(value))
    weights = layer.model.tensors[1].data.astype(int)
    sums = np.einsum("hwc,ohwc->o", value[0, :3, :3].astype(int) - 7, weights)
    np.testing.assert_allclose(found[0, 0, 0], np.clip(sums * 0.05 * 0.01 / 0.2 - 9, -128, 127), atol=1)


def test_macs_count_padding_and_groups():
    assert conv((1, 9, 8, 4), (6, 3, 3, 2), (1, 9, 8, 6), rule="SAME").macs() == 9 * 8 * 6 * 3 * 3 * 2
    # The first layer of MLPerf Tiny's keyword spotting network.
    assert conv((1, 49, 10, 1), (64, 10, 4, 1), (1, 25, 5, 64), stride=(2, 2), rule="SAME").macs() == 320_000


def test_memory_of_kernels():
    layer = conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5))
    memory = layer.memory(M4)
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (28, 60, (20, 20))
    assert memory.scratch_bytes == layer.memory(M0PLUS).scratch_bytes == (4 * 28,)  # 27 elements, rounded up to 28
    assert layer.memory(M55).scratch_bytes == (4 * 32,)
    assert layer.memory(REFERENCE).init_bytes == 56
    assert layer.memory(REFERENCE).scratch_bytes == ()


def test_1x1_needs_no_scratch():
    assert conv((1, 4, 4, 8), (3, 1, 1, 8), (1, 2, 2, 3), stride=(2, 2)).memory().scratch_bytes == ()
    assert conv((1, 4, 4, 8), (4, 1, 1, 4), (1, 4, 4, 4)).memory().scratch_bytes == (32,)  # groups


def test_a_row_with_mve_is_not_known():
    layer = conv((1, 1, 12, 4), (2, 1, 3, 4), (1, 1, 10, 2))
    assert layer.memory(M4).scratch_bytes == (4 * 4 * 3,)
    with pytest.raises(UnsupportedError, match="along one row is not known"):
        layer.memory(M55)


def test_memory_of_other_types():
    wide = conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), dtype="int16")
    assert wide.memory().scratch_bytes == wide.memory(M0PLUS).scratch_bytes == (4 * 27,)
    assert wide.memory(M55).scratch_bytes == (8 * 32,)
    real = conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), dtype="float32", kind="float32")
    assert real.memory().prepare_bytes == () and real.memory(REFERENCE).prepare_bytes == (20, 20)
    packed = conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), kind="int4")
    assert packed.memory(REFERENCE).scratch_bytes == (5 * 27,)
    with pytest.raises(UnsupportedError, match=r"layer 0 \(CONV_2D\): the scratch of int4"):
        packed.memory()


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"dtype": "int16"}, "int16 activations"),
        ({"dtype": "float32"}, "float32 activations"),
        ({"kind": "int4"}, "int4 weights"),
        ({"fused": "TANH"}, "fused activation TANH"),
        ({"scales": 1e30}, "scales with a ratio"),
    ],
)
def test_refusals(change, reason):
    assert reason in conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), **change).check()


@pytest.mark.parametrize(
    "shape, filters, output, change",
    [
        ((1, 9, 9, 3), (5, 3, 3, 3), (1, 9, 9, 5), {}),
        ((1, 9, 9, 3), (5, 3, 3, 2), (1, 7, 7, 5), {}),
        ((1, 9, 9, 4), (5, 3, 3, 2), (1, 7, 7, 5), {}),
        ((1, 2, 2, 3), (5, 3, 3, 3), (1, 1, 1, 5), {}),
        ((9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), {}),
        ((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), {"stride": (0, 1)}),
    ],
)
def test_shapes_that_disagree_are_no_model(shape, filters, output, change):
    with pytest.raises(BadModelError, match=r"layer 0 \(CONV_2D\)"):
        conv(shape, filters, output, **change).check()
