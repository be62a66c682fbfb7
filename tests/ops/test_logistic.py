"""LOGISTIC: reference and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer


def logistic(*, scale=0.1, zero=9, output=(1 / 256, -128), dtype="int8"):
    return one_layer("LOGISTIC", [Value((1, 256), scale, zero, dtype)], Value((1, 256), *output, dtype))


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-5, 1.0), st.integers(-128, 127))
def test_every_value_gives_one_result(scale, zero):
    layer = logistic(scale=scale, zero=zero)
    assert layer.check() is None
    value = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
    # Not LiteRT's: near ties LiteRT rounds otherwise than TensorFlow Lite Micro, which tests/nn compares with.
    layer.target(value)


def test_memory():
    assert (logistic().memory().builtin_data_bytes, logistic().memory().init_bytes) == (0, 16)
    assert logistic().macs() == 0


def test_refusals():
    assert "1/256" in logistic(output=(1 / 128, -128)).check()
    assert "int16 activations" in logistic(dtype="int16", zero=0, output=(1 / 32768, 0)).check()
    assert "below 2**-28" in logistic(scale=1e-10).check()
