"""TRANSPOSE_CONV: reference, LiteRT and target agree; MACs and memory by hand; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M0PLUS, M4, M55, REFERENCE, Value, activation, one_layer, padding, random_int8
from scratch_sizes import IMAGES, asked_for, planned

from mcusim.errors import BadModelError


def transposed(shape, filters, size, *, stride=(1, 1), rule="VALID", dtype="int8", seed=0, bias=True, bias_dtype=None,
               fused="NONE", per_channel=True):  # fmt: skip
    """A layer of input shape [n, h, w, c], filters [oc, kh, kw, c] and an output of `size` rows and columns."""
    rng = np.random.default_rng(seed)
    channels, is_wide = filters[0], dtype == "int16"
    output = (shape[0], *size, channels)
    scales = tuple(float(s) for s in rng.uniform(1e-4, 0.02, channels)) if per_channel and channels > 1 else 0.013
    bias_dtype = bias_dtype or ("int64" if is_wide else "int32")
    return one_layer(
        "TRANSPOSE_CONV",
        [
            Value((4,), None, dtype="int32", data=np.array(output, np.int32)),
            Value(filters, scales, 0, data=rng.integers(-127, 128, filters, dtype=np.int8)),
            Value(shape, 0.05, 0 if is_wide else 7, dtype),
            *([Value((channels,), None, dtype=bias_dtype, data=rng.integers(-900, 900, channels, bias_dtype))] * bias),
        ],
        Value(output, 0.2, 0 if is_wide else -9, dtype),
        "TransposeConvOptions",
        StrideH=stride[0],
        StrideW=stride[1],
        Padding=padding(rule),
        FusedActivationFunction=activation(fused),
    )


@st.composite
def geometries(draw):
    """input shape, filter shape, output size, stride and rule, such that the convolution back has the input's size."""
    n, h, w = draw(st.integers(1, 2)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    channels = draw(st.sampled_from([1, 3, 4, 9, 16, 17, 20]))
    kernel = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rule = draw(st.sampled_from(["SAME", "VALID"]))
    # VALID: the last window may leave fewer elements than a step takes; SAME: so may the last step.
    rest = [draw(st.integers(0, step - 1)) for step in stride]
    if rule == "VALID":
        size = [(x - 1) * s + k + r for x, s, k, r in zip((h, w), stride, kernel, rest, strict=True)]
    else:
        size = [x * s - r for x, s, r in zip((h, w), stride, rest, strict=True)]
    return (n, h, w, channels), (draw(st.integers(1, 5)), *kernel, channels), tuple(size), stride, rule


@settings(max_examples=60, deadline=None)
@given(geometries(), st.booleans(), st.integers(0, 2**32))
def test_any_geometry_of_int8_gives_one_result(geometry, per_channel, seed):
    shape, filters, size, stride, rule = geometry
    layer = transposed(shape, filters, size, stride=stride, rule=rule, seed=seed, per_channel=per_channel)
    assert layer.check() is None
    layer.assert_one_result(random_int8(np.random.default_rng(seed), shape))


@settings(max_examples=25, deadline=None)
@given(geometries(), st.integers(0, 2**32))
def test_any_geometry_of_int16_gives_one_result(geometry, seed):
    shape, filters, size, stride, rule = geometry
    layer = transposed(shape, filters, size, stride=stride, rule=rule, seed=seed, dtype="int16")
    assert layer.check() is None
    layer.assert_one_result(np.random.default_rng(seed).integers(-32768, 32768, shape).astype(np.int16))


@pytest.mark.parametrize("channels", [3, 20])
def test_a_missing_bias_is_zero(channels):
    layer = transposed((1, 3, 4, channels), (5, 3, 3, channels), (7, 9), stride=(2, 2), bias=False)
    layer.assert_one_result(random_int8(np.random.default_rng(3), (1, 3, 4, channels)))


def test_macs():
    # SEANet's first: 5 pixels of 64 channels, 64 filters of 3 × 4.
    assert transposed((1, 1, 5, 64), (64, 3, 4, 64), (3, 12), stride=(1, 2)).macs() == 5 * 64 * 64 * 3 * 4


@pytest.mark.parametrize(
    "channels, stride, scratch",
    [
        (16, (2, 2), (4 * (3 * 2 + 4) * 5 * 3, 0)),
        (17, (2, 2), (4 * 3 * 4 * 17, 5 * 3 * 4 * 17)),
        # CMSIS-NN takes the larger of the filter's width and the stride along the height.
        (17, (6, 2), (4 * (3 * 2 + 6) * 5 * 6, 0)),
        (3, (2, 6), (4 * (3 * 6 + 4) * 5 * 3, 0)),
    ],
)
def test_memory_of_int8(channels, stride, scratch):
    size = tuple((x - 1) * s + k for x, s, k in zip((2, 4), stride, (3, 4), strict=True))
    layer = transposed((1, 2, 4, channels), (5, 3, 4, channels), size, stride=stride)
    memory = layer.memory(M4)
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (16, 76, (20, 20))
    assert memory.scratch_bytes == layer.memory(M0PLUS).scratch_bytes == scratch
    assert layer.memory(M55).scratch_bytes == ((4 * 208, scratch[1]) if scratch[1] else scratch)
    assert layer.memory(REFERENCE).init_bytes == 72
    assert layer.memory(REFERENCE).scratch_bytes == (4 * 5 * size[0] * size[1],)


@pytest.mark.parametrize("image", IMAGES)
@settings(max_examples=20, deadline=None)
@given(geometries())
def test_c_asks_for_the_planned_scratch(image, geometry):
    shape, filters, size, stride, rule = geometry
    layer = transposed(shape, filters, size, stride=stride, rule=rule)
    name = "arm_transpose_conv_s8_get"
    found = asked_for(image, layer, f"{name}_buffer_size", f"{name}_reverse_conv_buffer_size")
    assert found == planned(image, layer)


def test_memory_of_other_types():
    wide = transposed((1, 2, 4, 3), (5, 3, 4, 3), (4, 7), dtype="int16")
    assert wide.memory().scratch_bytes == wide.memory(REFERENCE).scratch_bytes == (8 * 5 * 28,)
    narrow_bias = transposed((1, 2, 4, 3), (5, 3, 4, 3), (4, 7), dtype="int16", bias_dtype="int16")
    assert narrow_bias.memory().scratch_bytes == (8 * 5 * 28, 8 * 5)
    real = transposed((1, 2, 4, 3), (5, 3, 4, 3), (4, 7), dtype="float32")
    assert real.memory().prepare_bytes == (20, 20) and real.memory().scratch_bytes == ()


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"fused": "RELU"}, "fused activation RELU"),
        ({"dtype": "float32"}, "float32 activations"),
        ({"dtype": "int16", "bias": False}, "without a bias"),
        ({"dtype": "int16", "bias_dtype": "int16"}, "int16 bias"),
        ({"bias_dtype": "int64"}, "int64 bias"),
    ],
)
def test_refusals(change, reason):
    assert reason in transposed((1, 2, 4, 3), (5, 3, 4, 3), (4, 7), **change).check()


@pytest.mark.parametrize(
    "shape, filters, size, change",
    [
        ((1, 2, 4, 3), (5, 3, 4, 2), (4, 7), {}),
        ((1, 2, 4, 3), (5, 3, 4, 3), (4, 8), {}),
        ((1, 2, 4, 3), (5, 3, 4, 3), (2, 7), {}),
        ((1, 2, 4, 3), (5, 3, 4, 3), (4, 7), {"stride": (0, 1)}),
        ((2, 4, 3), (5, 3, 4, 3), (4, 7), {}),
    ],
)
def test_shapes_that_disagree_are_no_model(shape, filters, size, change):
    with pytest.raises(BadModelError, match=r"layer 0 \(TRANSPOSE_CONV\)"):
        transposed(shape, filters, size, **change).check()
