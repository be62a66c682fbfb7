"""RSQRT: reference, TensorFlow Lite Micro and target agree; negative values; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers

from mcusim.errors import EmulationError


def rsqrt(*, scales=(0.1, 0.02), zeros=(0, 0), dtype="int8"):
    return one_layer("RSQRT", [Value((300,), scales[0], zeros[0], dtype)], Value((300,), scales[1], zeros[1], dtype))


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["int8", "int16"]),
    st.floats(1e-4, 1.0),
    st.floats(0.001, 0.1),
    st.integers(-128, 127),
    st.integers(0, 2**32),
)
def test_any_scales_give_tflms_result(dtype, scale, relative, zero, seed):
    zeros = (0, 0) if dtype == "int16" else (-128, zero)
    layer = rsqrt(scales=(scale, relative / scale**0.5), zeros=zeros, dtype=dtype)
    assert layer.check() is None
    values = random_integers(np.random.default_rng(seed), (300,), dtype)
    values = np.abs(values // 2) if dtype == "int16" else values
    values[:3] = (0, 1, 2) if dtype == "int16" else (-128, -127, -126)
    layer.assert_tflms_result(values)


def test_negative_values_are_an_error_as_in_tflm():
    with pytest.raises(EmulationError, match="mcusim_rsqrt_s8"):
        rsqrt().target(np.full(300, -1, np.int8))


def test_memory():
    assert (rsqrt().memory().builtin_data_bytes, rsqrt().memory().init_bytes, rsqrt().macs()) == (0, 20, 0)


def test_refusals():
    assert "int32 activations" in rsqrt(dtype="int32").check()
    assert "scales with a ratio" in rsqrt(scales=(1.0, 1e6)).check()
