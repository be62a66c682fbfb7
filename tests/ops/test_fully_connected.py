"""FULLY_CONNECTED: reference and target agree, per channel with LiteRT too; MACs, memory, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M4, M55, REFERENCE, Value, activation, one_layer, random_int8

from mcusim.errors import BadModelError


def dense(shape, channels, output, *, scales=0.01, fused="NONE", seed=0, bias=True, zero=0, constant=True, keep=False,
          axis=0, depth=None):  # fmt: skip
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (channels, depth or shape[-1]), dtype=np.int8)
    offsets = rng.integers(-2000, 2000, channels, dtype=np.int32)
    return one_layer(
        "FULLY_CONNECTED",
        [
            Value(shape, 0.05, -4),
            Value(weights.shape, scales, zero, axis=axis, data=weights if constant else None),
            Value((channels,), None, dtype="int32", data=offsets) if bias else None,
        ],
        Value(output, 0.31, 12),
        "FullyConnectedOptions",
        FusedActivationFunction=activation(fused),
        KeepNumDims=keep,
    )


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 40),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["NONE", "RELU"]),
    st.integers(0, 2**32),
)
def test_target_computes_the_reference(batches, depth, channels, per_channel, bias, fused, seed):
    rng = np.random.default_rng(seed)
    scales = tuple(float(s) for s in rng.uniform(1e-3, 0.02, channels)) if per_channel and channels > 1 else 0.012
    layer = dense((batches, depth), channels, (batches, channels), scales=scales, fused=fused, seed=seed, bias=bias)
    assert layer.check() is None
    value = random_int8(rng, (batches, depth))
    found = layer.reference(value)
    np.testing.assert_array_equal(found, layer.target(value))
    difference = np.abs(found.astype(int) - layer.litert(value))
    # LiteRT rounds once where TensorFlow Lite Micro rounds twice, but not per channel.
    assert difference.max() <= (0 if isinstance(scales, tuple) else 1)


@pytest.mark.parametrize("scales", [0.01, (0.01, 0.02, 0.005)])
@pytest.mark.parametrize("depth", [8, 7])
def test_more_than_two_dimensions(scales, depth):
    layer = dense((2, 3, depth), 3, (2, 3, 3), scales=scales, keep=True)
    value = random_int8(np.random.default_rng(3), (2, 3, depth))
    np.testing.assert_array_equal(layer.reference(value), layer.target(value))
    is_1x1 = depth % 4 == 0
    assert layer.memory().scratch_bytes == ((8 * 3,) if is_1x1 and scales == 0.01 else ())
    assert (layer.invocation().calls[-1].symbol == "arm_convolve_1x1_s8_fast") == is_1x1


def test_macs_and_memory():
    layer = dense((2, 8), 3, (2, 3))
    assert layer.macs() == 2 * 8 * 3
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (5, 1, 72)
    assert memory.prepare_bytes == () and layer.memory(REFERENCE).init_bytes == 48
    per_channel = dense((2, 8), 3, (2, 3), scales=(0.01, 0.02, 0.03))
    assert per_channel.memory(M4).prepare_bytes == per_channel.memory(REFERENCE).prepare_bytes == (12, 12)


def test_mve_takes_sums_of_the_weights():
    layer = dense((1, 8), 3, (1, 3))
    assert layer.memory(M55).prepare_bytes == (12,)
    (array,) = layer.invocation(M55).arrays
    weights, bias = layer.model.tensors[1].data, layer.model.tensors[2].data
    expected = weights.astype(np.int64).sum(axis=1) * 4 + bias  # the input's zero point is −4
    np.testing.assert_array_equal(np.frombuffer(array, np.int32), expected)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"zero": 3, "scales": (0.01, 0.02, 0.03)}, "zero point other than 0"),
        ({"constant": False}, "computed at run time"),
        ({"scales": tuple(0.01 for _ in range(8)), "axis": 1}, "along axis 1"),
        ({"fused": "TANH"}, "TANH"),
    ],
)
def test_refusals(change, reason):
    assert reason in dense((1, 8), 3, (1, 3), **change).check()


@pytest.mark.parametrize("depth, channels", [(20, 6), (33, 5), (1, 1), (7, 2)])
@pytest.mark.parametrize("zero", [0, 15, -128])
def test_weights_may_have_a_zero_point(depth, channels, zero):
    layer = dense((3, depth), channels, (3, channels), zero=zero, seed=depth)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(depth), (3, depth))
    np.testing.assert_array_equal(layer.reference(value), layer.tflm(value))
    np.testing.assert_array_equal(layer.reference(value), layer.target(value))


@pytest.mark.parametrize("shape", [(3,), (1, 3)])
@pytest.mark.parametrize("depth, channels", [(20, 6), (33, 5), (89, 2), (1, 3), (2, 1), (7, 7)])
def test_int4_weights(shape, depth, channels):
    """More than two dimensions do not make it a convolution, though the scratch for one is asked for."""
    rng = np.random.default_rng(depth)
    weights = rng.integers(-8, 8, channels * depth + channels * depth % 2, dtype=np.int8)
    layer = one_layer(
        "FULLY_CONNECTED",
        [
            Value((*shape, depth), 0.05, -4),
            Value((channels, depth), 0.1, dtype="int4", data=weights[0::2] & 15 | weights[1::2] << 4),
            Value((channels,), None, dtype="int32", data=rng.integers(-500, 500, channels, dtype=np.int32)),
        ],
        Value((*shape, channels), 0.31, 12),
        "FullyConnectedOptions",
        FusedActivationFunction=activation("NONE"),
        KeepNumDims=len(shape) > 1,
    )
    assert layer.check() is None
    value = random_int8(rng, (*shape, depth))
    np.testing.assert_array_equal(layer.reference(value), layer.tflm(value))
    np.testing.assert_array_equal(layer.reference(value), layer.target(value))


@pytest.mark.parametrize("depth, channels", [(20, 6), (509, 3), (700, 1), (7, 5)])
@pytest.mark.parametrize("bias", [None, 2**33])
@pytest.mark.parametrize("fused", ["NONE", "RELU6"])
def test_int16(depth, channels, bias, fused):
    rng = np.random.default_rng(depth)
    layer = int16_layer(rng, depth, channels, bias, fused)
    assert layer.check() is None
    value = rng.integers(-32768, 32768, (3, depth)).astype(np.int16)
    np.testing.assert_array_equal(layer.reference(value), layer.tflm(value))
    np.testing.assert_array_equal(layer.reference(value), layer.target(value))


def int16_layer(rng, depth, channels, bias, fused="NONE", scales=0.01, zero=0):
    weights = rng.integers(-128, 128, (channels, depth), dtype=np.int8)
    given = None if bias is None else Value((channels,), 3e-6, 0, "int64", data=rng.integers(-bias, bias, channels))
    return one_layer(
        "FULLY_CONNECTED",
        [Value((3, depth), 0.0003, 0, "int16"), Value(weights.shape, scales, zero, data=weights), given],
        Value((3, channels), 0.0031, 0, "int16"),
        "FullyConnectedOptions",
        FusedActivationFunction=activation(fused),
    )


@pytest.mark.parametrize(
    "change, reason",
    [({"scales": (0.01, 0.02)}, "per channel"), ({"zero": 1}, "zero point"), ({"fused": "SIGN_BIT"}, "SIGN_BIT")],
)
def test_int16_refusals(change, reason):
    assert reason in int16_layer(np.random.default_rng(0), 4, 2, None, **change).check()


def test_int16_weights_of_the_extremes_do_not_overflow():
    layer = one_layer(
        "FULLY_CONNECTED",
        [Value((1, 1100), 1e-5, 0, "int16"), Value((1, 1100), 0.01, data=np.full((1, 1100), -128, np.int8)), None],
        Value((1, 1), 0.0031, 0, "int16"),
        "FullyConnectedOptions",
        FusedActivationFunction=activation("NONE"),
    )
    value = np.full((1, 1100), -32768, np.int16)
    assert layer.reference(value)[0, 0] == layer.target(value)[0, 0] == layer.tflm(value)[0, 0] > 0


@pytest.mark.parametrize("shape, output, depth", [((1, 8), (1, 4), 8), ((1, 9), (1, 3), 8), ((2, 8), (1, 3), 8)])
def test_shapes_that_disagree_are_no_model(shape, output, depth):
    with pytest.raises(BadModelError, match=r"layer 0 \(FULLY_CONNECTED\)"):
        dense(shape, 3, output, depth=depth).check()
