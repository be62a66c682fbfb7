"""SOFTMAX: reference, LiteRT and target agree; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import REFERENCE, Value, one_layer, random_int8, random_integers

OUTPUTS = {
    ("int8", "int8"): (1 / 256, -128),
    ("int8", "int16"): (1 / 65536, -32768),
    ("int16", "int16"): (1 / 32768, 0),
}
SHAPES = st.sampled_from([(1, 10), (7,), (2, 3, 5), (1, 1), (2, 2, 2, 33)])


def softmax(shape, *, scale=0.1, beta=1.0, output=(1 / 256, -128), dtype="int8", output_dtype=None):
    values = [Value(shape, scale, 0 if dtype == "int16" else 4, dtype)]
    return one_layer("SOFTMAX", values, Value(shape, *output, output_dtype or dtype), "SoftmaxOptions", Beta=beta)


@settings(max_examples=20, deadline=None)
@given(
    SHAPES,
    st.floats(1e-4, 2.0),
    st.sampled_from([1.0, 0.5, 3.0]),
    st.integers(0, 2**32),
)
def test_any_shape_and_scale_gives_one_result(shape, scale, beta, seed):
    layer = softmax(shape, scale=scale, beta=beta)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), shape)
    layer.assert_one_result(value)


@settings(max_examples=20, deadline=None)
@given(SHAPES, st.floats(1e-4, 2.0), st.sampled_from([1.0, 0.5, 3.0]), st.integers(0, 2**32))
def test_int8_to_int16_gives_tflms_result(shape, scale, beta, seed):
    output = OUTPUTS["int8", "int16"]
    layer = softmax(shape, scale=scale, beta=beta, output=output, output_dtype="int16")
    assert layer.check() is None
    layer.assert_tflms_result(random_int8(np.random.default_rng(seed), shape))


@settings(max_examples=20, deadline=None)
@given(SHAPES, st.floats(1e-7, 1e-2), st.sampled_from([1.0, 0.5, 3.0]), st.integers(0, 2**32))
def test_int16_gives_tflms_result(shape, scale, beta, seed):
    layer = softmax(shape, scale=scale, beta=beta, output=OUTPUTS["int16", "int16"], dtype="int16")
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), shape, "int16"))


def test_arrays_of_int16_are_the_tables():
    arrays = softmax((1, 10), dtype="int16", output=(1 / 32768, 0)).invocation().arrays
    exp, quotient = (np.frombuffer(array, np.int16) for array in arrays)
    x = np.linspace(-10, 0, 513)
    np.testing.assert_allclose(exp, np.exp(x) * 32768, atol=1.5)
    np.testing.assert_allclose(quotient, 32768 / (1 + np.linspace(0, 1, 513)), atol=1.01)


def test_memory():
    layer = softmax((1, 10))
    assert layer.macs() == 0
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes) == (4, 64)
    assert layer.memory(REFERENCE).init_bytes == 56
    assert layer.memory().prepare_bytes == ()
    assert softmax((1, 10), dtype="int16", output=(1 / 32768, 0)).memory().prepare_bytes == (1026, 1026)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"output": (1 / 128, -128)}, "1/256"),
        ({"output": (1 / 256, 0)}, "zero point 0"),
        ({"dtype": "int32"}, "int32 to int32 is not supported"),
        ({"dtype": "int16"}, "1/32768 and 0 are"),
        ({"output_dtype": "int16"}, "1/65536 and -32768 are"),
        ({"dtype": "int16", "scale": 1e8, "output": (1 / 32768, 0)}, "a left shift by"),
        ({"scale": 1e-9}, "below 2**-26"),
        ({"beta": 0.0}, "below 2**-26"),
    ],
)
def test_refusals(change, reason):
    assert reason in softmax((1, 10), **change).check()


def test_rows_whose_sum_overflows_are_refused():
    assert softmax((1, 4_095)).check() is None
    assert "more than 4,095 elements" in softmax((1, 4_096)).check()
    assert "more than 65,535" in softmax((1, 65_536), dtype="int16", output=(1 / 32768, 0)).check()
