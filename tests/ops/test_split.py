"""SPLIT: reference, TensorFlow Lite Micro and target agree on all outputs; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def split(shape, axis, count, *, outputs=None, dtype="int8", axis_of=None):
    part = tuple(size // count if i == axis % len(shape) else size for i, size in enumerate(shape))
    return one_layer(
        "SPLIT",
        [axis_of or constant(axis), quantized(shape, dtype)],
        [quantized(one, dtype) for one in outputs or [part] * count],
        "SplitOptions",
        NumSplits=count,
    )


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_axis_is_tflite_micros(data):
    dtype = data.draw(st.sampled_from(["int8", "int16", "int32", "float32"]))
    base = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    axis, count = data.draw(st.integers(-len(base), len(base) - 1)), data.draw(st.integers(1, 4))
    shape = tuple(size * count if i == axis % len(base) else size for i, size in enumerate(base))
    layer = split(shape, axis, count, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(data.draw(st.integers(0, 2**32)), shape, dtype))


def test_memory():
    layer = split((2, 6), 1, 3)
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (4, 0, 0)


def test_refusals():
    assert "bool is not" in split((2, 6), 1, 3, dtype="bool").check()
    assert "constant int32" in split((2, 6), 1, 3, axis_of=Value((1,), dtype="int32")).check()


@pytest.mark.parametrize(
    "axis, count, outputs, problem",
    [
        (2, 3, [(2, 2)] * 3, "axis 2 of 2 dimensions"),
        (1, 4, [(2, 1)] * 4, "splits 6 into 4 parts"),
        (1, 3, [(2, 3)] * 3, "output of shape"),
        (1, 3, [(2, 2)] * 2, "2 outputs instead of 3"),
    ],
)
def test_shapes_that_disagree_are_no_model(axis, count, outputs, problem):
    with pytest.raises(BadModelError, match=problem):
        split((2, 6), axis, count, outputs=outputs).check()
