"""PACK: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def pack(shapes, axis, *, count=None, output=None, dtype="int8"):
    shape = shapes[0]
    at = axis % (len(shape) + 1)
    packed = (*shape[:at], len(shapes), *shape[at:])
    return one_layer(
        "PACK",
        [quantized(one, dtype) for one in shapes],
        quantized(output or packed, dtype),
        "PackOptions",
        ValuesCount=count or len(shapes),
        Axis=axis,
    )


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3).flatmap(
        lambda shape: st.tuples(st.just(tuple(shape)), st.integers(-len(shape) - 1, len(shape)))
    ),
    st.integers(1, 4),
    st.sampled_from(["int8", "int16", "int32", "int64", "float32"]),
    st.integers(0, 2**31),
)
def test_any_axis_is_tflite_micros(case, count, dtype, seed):
    shape, axis = case
    layer = pack([shape] * count, axis, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(*(random_elements(seed + i, shape, dtype) for i in range(count)))


def test_memory():
    layer = pack([(2, 3)] * 2, 1)
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (8, 0, 0)


def test_refusals():
    assert "bool is not" in pack([(2, 3)] * 2, 1, dtype="bool").check()
    assert "empty" in pack([(0, 3)] * 2, 1).check()


@pytest.mark.parametrize(
    "shapes, axis, change, problem",
    [
        ([(2, 3)] * 2, 3, {"output": (2, 3, 2)}, "axis 3 of 3 dimensions"),
        ([(2, 3)] * 2, 1, {"count": 3}, "packs 2 inputs"),
        ([(2, 3), (3, 2)], 1, {}, "different shapes"),
        ([(2, 3)] * 2, 1, {"output": (2, 3, 2)}, "output of shape"),
    ],
)
def test_shapes_that_disagree_are_no_model(shapes, axis, change, problem):
    with pytest.raises(BadModelError, match=problem):
        pack(shapes, axis, **change).check()
