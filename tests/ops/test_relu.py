"""RELU: reference and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers


def relu(*, scales=(0.1, 0.07), zeros=(9, -128), dtype="int8"):
    return one_layer("RELU", [Value((256,), scales[0], zeros[0], dtype)], Value((256,), scales[1], zeros[1], dtype))


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(1e-3, 1.0)] * 2), st.tuples(*[st.integers(-128, 127)] * 2))
def test_every_value_gives_one_result(scales, zeros):
    layer = relu(scales=scales, zeros=zeros)
    assert layer.check() is None
    value = np.arange(-128, 128, dtype=np.int8)
    # Not LiteRT's: it takes the ratio of the scales in float32, TensorFlow Lite Micro in double (tests/nn has it).
    layer.target(value)


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(1e-3, 1.0)] * 2), st.integers(0, 2**32))
def test_int16_gives_tflms_result(scales, seed):
    layer = relu(scales=scales, zeros=(0, 0), dtype="int16")
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), (256,), "int16"))


def test_memory():
    assert (relu().memory().builtin_data_bytes, relu().memory().init_bytes) == (0, 28)
    assert relu().macs() == 0


def test_refusals():
    assert "int32 activations" in relu(dtype="int32", zeros=(0, 0)).check()
    assert "scales with a ratio" in relu(scales=(1e8, 1e-8)).check()
