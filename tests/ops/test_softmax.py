"""SOFTMAX: reference, LiteRT and target agree; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import REFERENCE, Value, one_layer, random_int8


def softmax(shape, *, scale=0.1, beta=1.0, output=(1 / 256, -128), dtype="int8"):
    return one_layer(
        "SOFTMAX", [Value(shape, scale, 4, dtype)], Value(shape, *output, dtype), "SoftmaxOptions", Beta=beta
    )


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([(1, 10), (7,), (2, 3, 5), (1, 1), (2, 2, 2, 33)]),
    st.floats(1e-4, 2.0),
    st.sampled_from([1.0, 0.5, 3.0]),
    st.integers(0, 2**32),
)
def test_any_shape_and_scale_gives_one_result(shape, scale, beta, seed):
    layer = softmax(shape, scale=scale, beta=beta)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), shape)
    layer.assert_one_result(value)


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
        ({"dtype": "int16"}, "int16 activations"),
        ({"scale": 1e-9}, "below 2**-26"),
        ({"beta": 0.0}, "below 2**-26"),
    ],
)
def test_refusals(change, reason):
    assert reason in softmax((1, 10), **change).check()


def test_rows_whose_sum_overflows_are_refused():
    assert softmax((1, 4_095)).check() is None
    assert "more than 4,095 elements" in softmax((1, 4_096)).check()
