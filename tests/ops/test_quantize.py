"""QUANTIZE: float32 and int8 to int8 by reference, LiteRT and target; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_int8, random_integers

from mcusim.errors import BadModelError


def quantize(shape, *, source="int8", to="int8", scales=(0.1, 0.07), output=None):
    given_scale = None if source == "float32" else scales[0]
    return one_layer(
        "QUANTIZE",
        [Value(shape, given_scale, 9 if given_scale else 0, source)],
        Value(output or shape, scales[1], -4, to),
    )


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-3, 1.0), st.floats(1e-3, 1.0), st.integers(0, 2**32))
def test_int8_to_int8_gives_one_result(first, second, seed):
    layer = quantize((2, 33), scales=(first, second))
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), (2, 33))
    layer.assert_one_result(value)


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-3, 1.0), st.integers(0, 2**32))
def test_float32_to_int8_gives_one_result(scale, seed):
    layer = quantize((3, 21), source="float32", scales=(None, scale))
    assert layer.check() is None
    value = np.random.default_rng(seed).normal(0, 60 * scale, (3, 21)).astype(np.float32)
    value.flat[:3] = 0.5 * scale, -0.5 * scale, 1.5 * scale
    layer.assert_one_result(value)


INTEGERS = [("int8", "int16"), ("int8", "int32"), ("int8", "uint8"), ("uint8", "int8"), ("int16", "int8"),
            ("int16", "int16"), ("int16", "int32"), ("int32", "int8"), ("int32", "int16")]  # fmt: skip


@pytest.mark.parametrize("source, to", INTEGERS)
@settings(max_examples=8, deadline=None)
@given(
    st.floats(1e-6, 1e-3), st.floats(0.3, 30.0), st.integers(-100, 100), st.integers(-100, 100), st.integers(0, 2**32)
)
def test_integers_give_tflms_result(source, to, scale, relative, zero_in, zero_out, seed):
    widths = np.iinfo(source).max / np.iinfo(to).max
    zeros = [zero + 128 if dtype == "uint8" else zero for dtype, zero in ((source, zero_in), (to, zero_out))]
    zero_in, zero_out = (0 if dtype == "int32" else zero for dtype, zero in zip((source, to), zeros, strict=True))
    output_scale = scale * widths * relative
    values = [Value((2, 33), scale, zero_in, source)]
    layer = one_layer("QUANTIZE", values, Value((2, 33), output_scale, zero_out, to))
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), (2, 33), source))


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-5, 1.0), st.integers(-1000, 1000), st.integers(0, 2**32))
def test_float32_to_int16_gives_tflms_result(scale, zero, seed):
    layer = one_layer("QUANTIZE", [Value((3, 21), None, 0, "float32")], Value((3, 21), scale, zero, "int16"))
    assert layer.check() is None
    value = np.random.default_rng(seed).normal(0, 20_000 * scale, (3, 21)).astype(np.float32)
    value.flat[:3] = 0.5 * scale, -0.5 * scale, 1.5 * scale
    layer.assert_tflms_result(value)


def test_memory():
    assert (quantize((7,)).memory().builtin_data_bytes, quantize((7,)).memory().init_bytes) == (0, 32)
    assert quantize((7,), source="int32", to="int16").memory().init_bytes == 32
    assert quantize((7,)).macs() == 0


@pytest.mark.parametrize(
    "source, to", [("int16", "uint8"), ("int32", "int32"), ("uint8", "int16"), ("float32", "int32"), ("bool", "int8")]
)
def test_refusals(source, to):
    scale = 1.0 if to != "uint8" else 0.5
    layer = one_layer("QUANTIZE", [Value((7,), scale, 0, source)], Value((7,), scale, 0, to))
    assert layer.check() == f"{source} to {to} is not supported"


def test_shapes_that_disagree_are_no_model():
    with pytest.raises(BadModelError, match=r"layer 0 \(QUANTIZE\) has an output of shape \[6\]"):
        quantize((7,), output=(6,)).check()
