"""LEAKY_RELU: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers


def leaky_relu(*, alpha=0.3, scales=(0.1, 0.07), zeros=(0, 0), dtype="int8"):
    values = [Value((2, 150), scales[0], zeros[0], dtype)]
    return one_layer("LEAKY_RELU", values, Value((2, 150), scales[1], zeros[1], dtype), "LeakyReluOptions", Alpha=alpha)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["int8", "int16"]),
    st.floats(0, 2, width=32),
    st.tuples(*[st.floats(1e-3, 1.0)] * 2),
    st.tuples(*[st.integers(-128, 127)] * 2),
    st.integers(0, 2**32),
)
def test_any_scales_give_tflms_result(dtype, alpha, scales, zeros, seed):
    layer = leaky_relu(alpha=alpha, scales=scales, zeros=(0, 0) if dtype == "int16" else zeros, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), (2, 150), dtype))


def test_memory():
    assert (leaky_relu().memory().builtin_data_bytes, leaky_relu().memory().init_bytes) == (4, 24)
    assert leaky_relu().macs() == 0


def test_refusals():
    assert "int32 activations" in leaky_relu(dtype="int32").check()
    assert "negative" in leaky_relu(alpha=-0.1).check()
    assert "scales with a ratio" in leaky_relu(scales=(1e8, 1e-8)).check()
