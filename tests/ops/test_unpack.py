"""UNPACK: reference, TensorFlow Lite Micro and target agree on all outputs; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def unpack(shape, axis, *, count=None, outputs=None, dtype="int8"):
    count = count or shape[axis]
    part = tuple(size for i, size in enumerate(shape) if i != axis % len(shape))
    return one_layer(
        "UNPACK",
        [quantized(shape, dtype)],
        [quantized(one, dtype) for one in outputs or [part] * count],
        "UnpackOptions",
        Num=count,
        Axis=axis,
    )


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4).flatmap(
        lambda shape: st.tuples(st.just(tuple(shape)), st.integers(-len(shape), len(shape) - 1))
    ),
    st.sampled_from(["int8", "int16", "int32", "float32"]),
    st.integers(0, 2**32),
)
def test_any_axis_is_tflite_micros(case, dtype, seed):
    layer = unpack(*case, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, case[0], dtype))


def test_memory():
    layer = unpack((2, 3), 1)
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (8, 0, 0)


def test_refusals():
    assert "bool is not" in unpack((2, 3), 1, dtype="bool").check()
    assert "empty" in unpack((0, 3), 1).check()


@pytest.mark.parametrize(
    "axis, count, outputs, problem",
    [
        (2, 3, [(2,)] * 3, "axis 2 of 2 dimensions"),
        (1, 2, [(2,)] * 2, "unpacks 3 into 2 outputs"),
        (1, 3, [(3,)] * 3, "output of shape"),
        (1, 3, [(2,)] * 2, "2 outputs instead of 3"),
    ],
)
def test_shapes_that_disagree_are_no_model(axis, count, outputs, problem):
    with pytest.raises(BadModelError, match=problem):
        unpack((2, 3), axis, count=count, outputs=outputs).check()
