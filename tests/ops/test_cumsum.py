"""CUMSUM: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def cumsum(shape, axis, *, exclusive=False, reverse=False, scale=0.3, dtype="int8", output=None, axis_of=None):
    return one_layer(
        "CUMSUM",
        [quantized(shape, dtype), axis_of or constant(axis)],
        quantized(output or shape, dtype, scale),
        "CumsumOptions",
        Exclusive=exclusive,
        Reverse=reverse,
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=4).flatmap(
        lambda shape: st.tuples(st.just(tuple(shape)), st.integers(-len(shape), len(shape) - 1))
    ),
    st.booleans(),
    st.booleans(),
    st.floats(0.01, 1.0),
    st.integers(0, 2**32),
)
def test_any_axis_is_tflite_micros(case, exclusive, reverse, scale, seed):
    layer = cumsum(*case, exclusive=exclusive, reverse=reverse, scale=scale)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, case[0]))


def test_memory():
    layer = cumsum((2, 3), 1)
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (2, 1, 0)
    assert memory.prepare_bytes == (36,) == tuple(len(array) for array in layer.invocation().arrays)
    assert layer.macs() == 0


def test_refusals():
    assert "int16 activations" in cumsum((2, 3), 1, dtype="int16").check()
    assert "constant int32" in cumsum((2, 3), 1, axis_of=Value((1,), dtype="int32")).check()
    assert "times the output's" in cumsum((2, 3), 1, scale=1e-8).check()
    with pytest.raises(BadModelError, match="axis 2 of 2 dimensions"):
        cumsum((2, 3), 2).check()
    with pytest.raises(BadModelError, match="output of shape"):
        cumsum((2, 3), 1, output=(3, 2)).check()
