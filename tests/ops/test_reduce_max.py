"""REDUCE_MAX: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def reduce_max(shape, axes, *, keep=False, scale=0.1, output=None, dtype="int8", axes_of=None):
    reduced = {axis % len(shape) for axis in axes}
    found = tuple(1 if axis in reduced else size for axis, size in enumerate(shape) if keep or axis not in reduced)
    return one_layer(
        "REDUCE_MAX",
        [quantized(shape, dtype), axes_of or constant(*axes)],
        quantized(found if output is None else output, dtype, scale),
        "ReducerOptions",
        KeepDims=keep,
    )


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 2)), ((2, 5, 4, 3), (3,)), ((2, 6, 3), (-1, 1)), ((4, 7), (0,)), ((9,), (0,))]),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_any_axes_are_tflite_micros(case, keep, seed):
    layer = reduce_max(*case, keep=keep)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, case[0]))


def test_memory():
    layer = reduce_max((1, 5, 4, 3), (1, 2))
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 44)
    assert (memory.scratch_bytes, layer.macs()) == ((16, 8), 0)  # an index of 4 dimensions, 2 axes


def test_refusals():
    assert "int16 activations" in reduce_max((2, 3), (1,), dtype="int16").check()
    assert "different quantization" in reduce_max((2, 3), (1,), scale=0.2).check()
    assert "constant int32" in reduce_max((2, 3), (1,), axes_of=Value((1,), dtype="int32")).check()
    assert "5 dimensions" in reduce_max((1, 1, 1, 2, 3), (1,)).check()
    with pytest.raises(BadModelError, match="output of shape"):
        reduce_max((2, 3), (1,), output=(3,)).check()
    with pytest.raises(BadModelError, match=r"reduces axes \[2\]"):
        reduce_max((2, 3), (2,), output=(3,)).check()
