"""LOGISTIC and TANH: reference, TensorFlow Lite Micro and target agree for int8 and int16; what is refused."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers

INT8_OUTPUT = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
OPERATORS = st.sampled_from(["LOGISTIC", "TANH"])


def sigmoid(operator, shape=(1, 256), *, scale=0.1, zero=0, output=None, dtype="int8"):
    result = output or (INT8_OUTPUT[operator] if dtype == "int8" else (1 / 32768, 0))
    return one_layer(operator, [Value(shape, scale, zero, dtype)], Value(shape, *result, dtype))


@settings(max_examples=30, deadline=None)
@given(OPERATORS, st.floats(1e-5, 1.0), st.integers(-128, 127))
def test_every_int8_value_gives_tflms_result(operator, scale, zero):
    layer = sigmoid(operator, scale=scale, zero=zero)
    assert layer.check() is None
    layer.assert_tflms_result(np.arange(-128, 128, dtype=np.int8).reshape(1, 256))


@settings(max_examples=30, deadline=None)
@given(OPERATORS, st.floats(1e-6, 1.0), st.integers(0, 2**32))
@example("TANH", 2.0**-12, 1)
@example("TANH", 2.0**-11, 1)
@example("TANH", 2.0**-10, 1)
@example("LOGISTIC", 2.0**-12, 1)
@example("LOGISTIC", 2.0**-11, 1)
@example("LOGISTIC", 2.0**-12 * 1.0006, 1)  # within a thousandth of the logarithm of the power of two
def test_int16_gives_tflms_result(operator, scale, seed):
    layer = sigmoid(operator, (2, 600), scale=scale, dtype="int16")
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), (2, 600), "int16"))


@pytest.mark.slow
@pytest.mark.parametrize("operator", ["LOGISTIC", "TANH"])
@pytest.mark.parametrize("scale", [2.0**-12, 3e-4, 1e-5])
def test_every_int16_value_gives_tflms_result(operator, scale):
    layer = sigmoid(operator, (65536,), scale=scale, dtype="int16")
    layer.assert_tflms_result(np.arange(-32768, 32768, dtype=np.int16))


@pytest.mark.parametrize("operator", ["LOGISTIC", "TANH"])
def test_memory(operator):
    layer = sigmoid(operator)
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 16, 0)


def test_refusals():
    assert "(1/128 and 0 are)" in sigmoid("TANH", output=(1 / 256, -128)).check()
    assert "(1/32768 and 0 are)" in sigmoid("TANH", dtype="int16", output=(1 / 16384, 0)).check()
    assert "int32 activations" in sigmoid("LOGISTIC", dtype="int32").check()
    assert "below 2**-28" in sigmoid("TANH", scale=1e-10).check()
    assert "int16 input scale of 3" in sigmoid("LOGISTIC", dtype="int16", scale=3.0).check()
    assert "int16 input scale" in sigmoid("LOGISTIC", dtype="int16", scale=1e-15).check()
