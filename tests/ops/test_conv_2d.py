"""CONV_2D: reference, LiteRT and target agree; MACs and memory by hand; what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M0PLUS, M4, M55, REFERENCE, Value, activation, one_layer, padding, random_int8
from scratch_sizes import IMAGES, asked_for, planned

from mcusim.errors import BadModelError

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
    bias_dtype=None,
    weight=None,
):
    rng = np.random.default_rng(seed)
    data = _weights(rng, filters, kind) if weight is None else np.full(filters, weight, kind)
    weights = Value(filters, scales, 0, kind, data=data)
    bias_dtype = bias_dtype or ("int64" if dtype == "int16" else "int32")
    offsets = Value((filters[0],), None, dtype=bias_dtype, data=rng.integers(-2000, 2000, filters[0], dtype=bias_dtype))
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


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(3, 9), st.integers(3, 9), st.sampled_from([1, 2, 3, 4, 8])),
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_int16_gives_one_result(shape, filters, stride, rule, fused, seed):
    (n, _, _, c), (oc, kh, kw) = shape, filters
    layer = conv(
        shape,
        (oc, kh, kw, c),
        (n, *_output_size(shape, filters, stride, rule), oc),
        stride=stride,
        rule=rule,
        fused=fused,
        seed=seed,
        dtype="int16",
        scales=tuple(float(s) for s in np.random.default_rng(seed).uniform(1e-4, 0.02, oc)),
    )
    assert layer.check() is None
    layer.assert_one_result(random_int16(np.random.default_rng(seed), shape))


def _output_size(shape, filters, stride, rule):
    sizes = zip(shape[1:3], filters[1:], stride, strict=True)
    return tuple(-(-size // step) if rule == "SAME" else (size - k) // step + 1 for size, k, step in sizes)


def random_int16(rng, shape):
    """Values over the whole int16 range, its ends more often than chance has them."""
    values = rng.integers(-32768, 32768, shape).astype(np.int16)
    return np.where(rng.random(shape) < 0.05, rng.choice(np.array([-32768, 32767], np.int16), shape), values)


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(3, 9), st.integers(3, 9), st.sampled_from([1, 2, 3, 4, 9])),
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["SAME", "VALID"]),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_int4_weights_give_one_result(shape, filters, stride, rule, bias, seed):
    # LiteRT's reference kernels unpack int4; odd numbers of weights begin rows in the middle of a byte.
    (n, _, _, c), (oc, kh, kw) = shape, filters
    size = _output_size(shape, filters, stride, rule)
    layer = conv(shape, (oc, kh, kw, c), (n, *size, oc), stride=stride, rule=rule, seed=seed, kind="int4", scales=0.1)
    assert layer.check() is None
    layer.assert_one_result(random_int8(np.random.default_rng(seed), shape))


@pytest.mark.parametrize("depth", [507, 508, 509, 520])
def test_products_beyond_32_bits(depth):
    # 2**22 a product: 512 of them need more than 32 bits.
    layer = conv((1, 1, 3, depth), (3, 1, 1, depth), (1, 1, 3, 3), dtype="int16", scales=5e-8, weight=-128)
    value = np.full((1, 1, 3, depth), -32768, np.int16)
    assert np.abs(layer.reference(value) - depth * 2**22 * 0.05 * 5e-8 / 0.2).max() <= 1
    layer.assert_one_result(value)


@pytest.mark.parametrize("change, sign", [({}, 1), ({"bias": False}, -1), ({"bias_dtype": "int32"}, -1)])
def test_an_int16_layer_without_int64_bias_accumulates_in_32_bits(change, sign):
    # 600 · 2**22 does not fit in 32 bits: it wraps around to a negative number.
    layer = conv((1, 1, 3, 600), (2, 1, 1, 600), (1, 1, 3, 2), dtype="int16", scales=5e-8, weight=-128, **change)
    value = np.full((1, 1, 3, 600), -32768, np.int16)
    found = layer.reference(value)
    assert (np.sign(found) == sign).all()
    np.testing.assert_array_equal(found, layer.target(value))


def test_int16_without_int64_bias_on_the_target():
    value = random_int16(np.random.default_rng(1), (1, 5, 7, 3))
    for change in ({"bias": False}, {"bias_dtype": "int32"}):
        layer = conv((1, 5, 7, 3), (5, 3, 3, 3), (1, 3, 5, 5), dtype="int16", **change)
        np.testing.assert_array_equal(layer.reference(value), layer.target(value))


def test_groups_of_int16_and_int4():
    rng = np.random.default_rng(5)
    wide = conv((2, 5, 8, 4), (6, 3, 3, 2), (2, 5, 8, 6), rule="SAME", dtype="int16")
    packed = conv((2, 5, 8, 6), (4, 3, 1, 3), (2, 5, 8, 4), rule="SAME", kind="int4")
    for layer, value in ((wide, random_int16(rng, (2, 5, 8, 4))), (packed, random_int8(rng, (2, 5, 8, 6)))):
        assert layer.check() is None
        np.testing.assert_array_equal(layer.reference(value), layer.target(value))


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


@pytest.mark.parametrize(
    "shape, filters, stride, rule, scratch",
    [
        # CMSIS-NN's formula by hand: windows of 3 pixels, of which padding takes 1 and 1.
        ((1, 1, 12, 4), (2, 1, 3, 4), (1, 1), "VALID", 3 * 4),
        ((1, 1, 12, 4), (2, 1, 3, 4), (1, 1), "SAME", 3 * 4 + 4),
        ((1, 1, 12, 4), (2, 1, 4, 4), (1, 1), "SAME", 4 * 4 + 4),
        # All outputs lie at one end or the other.
        ((1, 1, 2, 4), (2, 1, 5, 4), (1, 1), "SAME", 4 * 32),
        # Windows that begin at no word.
        ((1, 1, 12, 3), (2, 1, 3, 3), (1, 1), "VALID", 4 * 16),
    ],
)
def test_scratch_of_a_row_with_mve(shape, filters, stride, rule, scratch):
    size = _output_size(shape, filters[:3], stride, rule)
    layer = conv(shape, filters, (1, *size, filters[0]), stride=stride, rule=rule)
    assert layer.memory(M55).scratch_bytes == (scratch,)
    assert layer.memory(M4).scratch_bytes == (4 * -(-filters[2] * shape[3] // 4) * 4,)


@pytest.mark.parametrize("image", IMAGES)
@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.sampled_from([1, 3, 7]), st.sampled_from([5, 8]), st.sampled_from([1, 3, 4, 9])),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 2),
    st.sampled_from(["int8", "int16"]),
)
def test_c_asks_for_the_planned_scratch(image, shape, kernel, stride, dtype):
    filters = (5, *kernel, shape[2])
    size = _output_size((1, *shape), filters[:3], (stride, stride), "SAME")
    layer = conv((1, *shape), filters, (1, *size, 5), stride=(stride, stride), rule="SAME", dtype=dtype)
    symbol = f"arm_convolve_wrapper_s{dtype[3:]}_get_buffer_size"
    assert asked_for(image, layer, symbol) == planned(image, layer)


def test_memory_of_other_types():
    wide = conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), dtype="int16")
    assert wide.memory().scratch_bytes == wide.memory(M0PLUS).scratch_bytes == (4 * 27,)
    assert wide.memory(M55).scratch_bytes == (8 * 32,)
    real = conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), dtype="float32", kind="float32")
    assert real.memory().prepare_bytes == () and real.memory(REFERENCE).prepare_bytes == (20, 20)
    packed = conv((1, 9, 9, 3), (5, 3, 3, 3), (1, 7, 7, 5), kind="int4")
    assert packed.memory(REFERENCE).scratch_bytes == (5 * 27,)
    # TFLM asks for what int8 weights need.
    assert packed.memory().scratch_bytes == packed.memory(M0PLUS).scratch_bytes == (4 * 28,)
    assert packed.memory(M55).scratch_bytes == (4 * 32,)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"dtype": "int16", "kind": "int4"}, "int4 weights"),
        ({"dtype": "int16", "scales": 1000.0}, "scales with a ratio"),
        ({"dtype": "float32"}, "float32 activations"),
        ({"bias_dtype": "int64"}, "int64 bias"),
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
