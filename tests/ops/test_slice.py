"""SLICE: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def slice_(shape, begin, size, output, *, dtype="int8", bounds=None):
    operands = bounds or [constant(*begin), constant(*size)]
    return one_layer("SLICE", [quantized(shape, dtype), *operands], quantized(output, dtype), "SliceOptions")


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_bounds_are_tflite_micros(data):
    dtype = data.draw(st.sampled_from(["int8", "int16", "int32", "float32", "bool"]))
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=5)))
    begin = [data.draw(st.integers(0, size - 1)) for size in shape]
    output = tuple(data.draw(st.integers(1, size - first)) for size, first in zip(shape, begin, strict=True))
    ends = [first + count == size for size, first, count in zip(shape, begin, output, strict=True)]
    size = [-1 if last and data.draw(st.booleans()) else count for count, last in zip(output, ends, strict=True)]
    layer = slice_(shape, begin, size, output, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(data.draw(st.integers(0, 2**32)), shape, dtype))


def test_memory():
    layer = slice_((4, 5), (0, 1), (2, 3), (2, 3))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 0, 0)


def test_refusals():
    assert "uint8 is not" in slice_((4,), (0,), (2,), (2,), dtype="uint8").check()
    assert "constant int32" in slice_((4,), (0,), (2,), (2,), bounds=[Value((1,), dtype="int32")] * 2).check()
    assert "6 dimensions" in slice_((1,) * 6, (0,) * 6, (1,) * 6, (1,) * 6).check()
    assert "empty" in slice_((4,), (2,), (0,), (0,)).check()


@pytest.mark.parametrize(
    "begin, size, output", [((3,), (2,), (2,)), ((-1,), (1,), (1,)), ((0,), (-2,), (2,)), ((0, 0), (1, 1), (1,))]
)
def test_bounds_that_disagree_are_no_model(begin, size, output):
    with pytest.raises(BadModelError, match=r"layer 0 \(SLICE\)"):
        slice_((4,), begin, size, output).check()


def test_an_output_of_another_shape_is_no_model():
    with pytest.raises(BadModelError, match="output of shape"):
        slice_((4,), (1,), (-1,), (2,)).check()
