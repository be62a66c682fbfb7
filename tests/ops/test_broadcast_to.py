"""BROADCAST_TO: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def broadcast_to(shape, output, *, dtype="int8", wanted=None):
    wanted = constant(*(wanted or output))
    return one_layer("BROADCAST_TO", [quantized(shape, dtype), wanted], quantized(output, dtype), "BroadcastToOptions")


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=5),
    st.integers(0, 4),
    st.sampled_from(["int8", "uint8", "int16", "int32", "int64", "float32", "bool"]),
    st.integers(0, 2**32),
)
def test_any_repetition_is_tflite_micros(sizes, dropped, dtype, seed):
    output = tuple(size for size, _ in sizes)
    shape = tuple(1 if repeats else size for size, repeats in sizes)[min(dropped, len(sizes) - 1) :]
    layer = broadcast_to(shape, output, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, shape, dtype))


def test_memory():
    layer = broadcast_to((1, 3), (2, 3))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 0, 0)


def test_refusals():
    assert "6 dimensions" in broadcast_to((1,), (1,) * 6).check()
    assert "float64 is not" in broadcast_to((1,), (2,), dtype="float64").check()
    assert "empty" in broadcast_to((1, 0), (2, 0)).check()


@pytest.mark.parametrize("shape, output, wanted", [((2,), (3,), None), ((1, 2), (2,), None), ((1,), (2,), (3,))])
def test_shapes_that_disagree_are_no_model(shape, output, wanted):
    with pytest.raises(BadModelError, match="repeats shape"):
        broadcast_to(shape, output, wanted=wanted).check()
