"""SPLIT_V: reference, TensorFlow Lite Micro and target agree on all outputs; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def split_v(shape, axis, sizes, *, outputs=None, dtype="int8", sizes_of=None):
    axis_size = shape[axis] if -len(shape) <= axis < len(shape) else 0
    known = [size if size >= 0 else axis_size - sum(one for one in sizes if one > 0) for size in sizes]
    parts = [tuple(a if i == axis % len(shape) else size for i, size in enumerate(shape)) for a in known]
    return one_layer(
        "SPLIT_V",
        [quantized(shape, dtype), sizes_of or constant(*sizes), constant(axis)],
        [quantized(one, dtype) for one in outputs or parts],
        "SplitVOptions",
        NumSplits=len(sizes),
    )


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_sizes_are_tflite_micros(data):
    dtype = data.draw(st.sampled_from(["int8", "int16", "int32", "float32"]))
    base = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    axis = data.draw(st.integers(-len(base), len(base) - 1))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    shape = tuple(sum(sizes) if i == axis % len(base) else size for i, size in enumerate(base))
    layer = split_v(shape, axis, sizes, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(data.draw(st.integers(0, 2**32)), shape, dtype))


def test_one_size_may_be_what_the_others_leave():
    layer = split_v((2, 6), 1, [1, -1, 2])
    assert [layer.model.tensors[index].shape for index in layer.model.outputs] == [(2, 1), (2, 3), (2, 2)]
    assert layer.check() is None
    values = random_elements(0, (2, 6))
    np.testing.assert_array_equal(np.concatenate(layer.target_outputs(values), 1), values)


def test_memory():
    layer = split_v((2, 6), 1, [2, 4])
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (4, 0, 0)


def test_refusals():
    assert "bool is not" in split_v((2, 6), 1, [2, 4], dtype="bool").check()
    assert "constant int32" in split_v((2, 6), 1, [2, 4], sizes_of=Value((2,), dtype="int32")).check()
    assert "empty" in split_v((2, 6), 1, [6, 0]).check()


@pytest.mark.parametrize(
    "axis, sizes, outputs, problem",
    [
        (2, [2, 4], [(2, 2), (2, 4)], "axis 2 of 2 dimensions"),
        (1, [2, 3], [(2, 2), (2, 3)], "splits 6"),
        (1, [-1, -1], [(2, 3), (2, 3)], "splits 6"),
        (1, [7, -1], [(2, 7), (2, 1)], "splits 6"),
        (1, [2, 4], [(2, 3), (2, 3)], "output of shape"),
        (1, [2, 4], [(2, 6)], "into 1 parts"),
    ],
)
def test_shapes_that_disagree_are_no_model(axis, sizes, outputs, problem):
    with pytest.raises(BadModelError, match=problem):
        split_v((2, 6), axis, sizes, outputs=outputs).check()
