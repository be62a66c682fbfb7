"""ARG_MIN: reference, TensorFlow Lite Micro and target agree, also on equal elements; memory; what is refused."""

import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def arg_min(shape, axis, *, output=None, dtype="int8", kind="int32", option="INT32", axis_of=None):
    found = tuple(size for i, size in enumerate(shape) if i != axis % len(shape))
    return one_layer(
        "ARG_MIN",
        [quantized(shape, dtype), axis_of or constant(axis)],
        Value(found if output is None else output, dtype=kind),
        "ArgMinOptions",
        OutputType=getattr(tflite.TensorType, option),
    )


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4).flatmap(
        lambda shape: st.tuples(st.just(tuple(shape)), st.integers(-len(shape), len(shape) - 1))
    ),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_any_axis_is_tflite_micros(case, few, seed):
    layer = arg_min(*case)
    assert layer.check() is None
    value = random_elements(seed, case[0])
    layer.assert_tflms_result(value & 1 if few else value)


def test_memory():
    layer = arg_min((2, 3), 1)
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 0)
    assert layer.macs() == 0


def test_refusals():
    assert "int16 is not" in arg_min((2, 3), 1, dtype="int16").check()
    assert "output of int64" in arg_min((2, 3), 1, kind="int64", option="INT64").check()
    assert "constant int32" in arg_min((2, 3), 1, axis_of=Value((1,), dtype="int32")).check()
    assert "empty" in arg_min((2, 0), 1).check()


@pytest.mark.parametrize(
    "axis, change, problem",
    [
        (2, {"output": (2,)}, "axis 2 of 2 dimensions"),
        (1, {"output": (3,)}, "output of shape"),
        (1, {"option": "INT64"}, "option output_type INT64"),
    ],
)
def test_what_disagrees_is_no_model(axis, change, problem):
    with pytest.raises(BadModelError, match=problem):
        arg_min((2, 3), axis, **change).check()
