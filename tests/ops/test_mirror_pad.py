"""MIRROR_PAD: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def mirror_pad(shape, paddings, mode="REFLECT", *, output=None, dtype="int8", paddings_of=None):
    padded = tuple(before + size + after for size, (before, after) in zip(shape, paddings, strict=True))
    return one_layer(
        "MIRROR_PAD",
        [quantized(shape, dtype), paddings_of or constant(*paddings)],
        quantized(output or padded, dtype),
        "MirrorPadOptions",
        Mode=getattr(tflite.MirrorPadMode, mode),
    )


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(3, 5), st.tuples(st.integers(0, 2), st.integers(0, 2))), min_size=1, max_size=4),
    st.sampled_from(["REFLECT", "SYMMETRIC"]),
    st.sampled_from(["int8", "float32"]),
    st.integers(0, 2**32),
)
def test_any_border_is_tflite_micros(dimensions, mode, dtype, seed):
    shape = tuple(size for size, _ in dimensions)
    layer = mirror_pad(shape, [both for _, both in dimensions], mode, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, shape, dtype))


def test_memory():
    layer = mirror_pad((3, 4), [(1, 0), (2, 1)])
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 20)
    assert (memory.scratch_bytes, layer.macs()) == ((8, 8), 0)


def test_refusals():
    assert "int16 is not" in mirror_pad((3, 4), [(1, 0), (2, 1)], dtype="int16").check()
    other = Value((2, 2), dtype="int32")
    assert "constant int32" in mirror_pad((3, 4), [(1, 0), (2, 1)], paddings_of=other).check()
    assert "6 dimensions" in mirror_pad((1,) * 6, [(0, 0)] * 6).check()


def test_a_border_wider_than_what_it_mirrors_is_no_model():
    assert mirror_pad((3,), [(0, 2)]).check() is None
    assert mirror_pad((3,), [(3, 0)], "SYMMETRIC").check() is None
    with pytest.raises(BadModelError, match="adds 3 mirrored elements to 3"):
        mirror_pad((3,), [(0, 3)]).check()
    with pytest.raises(BadModelError, match="adds 4 mirrored elements to 3"):
        mirror_pad((3,), [(4, 0)], "SYMMETRIC").check()
    with pytest.raises(BadModelError, match="output of shape"):
        mirror_pad((3,), [(0, 2)], output=(6,)).check()
