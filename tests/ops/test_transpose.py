"""TRANSPOSE: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def transpose(shape, permutation, *, output=None, dtype="int8", permutation_of=None):
    if output is None:
        output = tuple(shape[axis] for axis in permutation)
    operand = permutation_of or constant(*permutation)
    return one_layer("TRANSPOSE", [quantized(shape, dtype), operand], quantized(output, dtype), "TransposeOptions")


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 5).flatmap(lambda rank: st.permutations(range(rank))),
    st.sampled_from(["int8", "int16", "float32"]),
    st.lists(st.integers(1, 5), min_size=5, max_size=5),
    st.integers(0, 2**32),
)
def test_any_order_is_tflite_micros(permutation, dtype, sizes, seed):
    permutation = permutation[:4] if dtype == "int8" and len(permutation) < 5 else permutation
    shape = tuple(sizes[: len(permutation)])
    layer = transpose(shape, permutation, dtype=dtype)
    if dtype == "int8" and len(shape) == 5:
        assert "5 dimensions of int8" in layer.check()
        return
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, shape, dtype))


def test_memory():
    layer = transpose((4, 5), (1, 0))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 0, 0)


def test_refusals():
    assert "int32 is not" in transpose((4, 5), (1, 0), dtype="int32").check()
    assert "constant int32" in transpose((4, 5), (1, 0), permutation_of=Value((2,), dtype="int32")).check()
    assert "6 dimensions" in transpose((1,) * 6, range(6), dtype="int16").check()
    assert "empty" in transpose((4, 0), (1, 0)).check()


@pytest.mark.parametrize("permutation", [(0, 0), (0, 2), (-1, 0), (0,)])
def test_what_is_no_permutation_is_no_model(permutation):
    with pytest.raises(BadModelError, match="permutation of"):
        transpose((4, 5), permutation, output=(5, 4)).check()


def test_an_output_of_another_shape_is_no_model():
    with pytest.raises(BadModelError, match="output of shape"):
        transpose((4, 5), (1, 0), output=(4, 5)).check()
