"""RELU6: reference, LiteRT and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers


def relu6(*, scale=0.1, zero=9, output_scale=None, dtype="int8"):
    return one_layer("RELU6", [Value((256,), scale, zero, dtype)], Value((256,), output_scale or scale, zero, dtype))


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-3, 10.0), st.integers(-128, 127))
def test_every_value_gives_one_result(scale, zero):
    layer = relu6(scale=scale, zero=zero)
    assert layer.check() is None
    value = np.arange(-128, 128, dtype=np.int8)
    layer.assert_one_result(value)


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-5, 1e-2), st.integers(0, 2**32))
def test_int16_gives_tflms_result(scale, seed):
    layer = relu6(scale=scale, zero=0, dtype="int16")
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), (256,), "int16"))


def test_memory():
    assert (relu6().memory().builtin_data_bytes, relu6().memory().init_bytes) == (0, 8)
    assert relu6().macs() == 0


def test_refusals():
    assert "float32 activations" in relu6(dtype="float32").check()
    assert "different quantization" in relu6(output_scale=0.2).check()
