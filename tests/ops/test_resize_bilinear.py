"""RESIZE_BILINEAR: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def resize(shape, size, *, align=False, half=False, output=None, dtype="int8", size_of=None):
    n, _, _, c = shape
    return one_layer(
        "RESIZE_BILINEAR",
        [quantized(shape, dtype), size_of or constant(*size)],
        quantized(output or (n, *size, c), dtype),
        "ResizeBilinearOptions",
        AlignCorners=align,
        HalfPixelCenters=half,
    )


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9), st.integers(1, 3)),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.sampled_from([(False, False), (True, False), (False, True)]),
    st.sampled_from(["int8"]),
    st.integers(0, 2**32),
)
def test_any_sizes_are_tflite_micros(shape, size, centers, dtype, seed):
    layer = resize(shape, size, align=centers[0], half=centers[1], dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, shape, dtype))


def test_memory():
    layer = resize((1, 2, 3, 4), (3, 5))
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (2, 1, 0)
    assert layer.macs() == 0


def test_refusals():
    assert "int16 activations" in resize((1, 2, 3, 4), (3, 5), dtype="int16").check()
    assert "constant int32" in resize((1, 2, 3, 4), (3, 5), size_of=Value((2,), dtype="int32")).check()
    assert "together" in resize((1, 2, 3, 4), (3, 5), align=True, half=True).check()


@pytest.mark.parametrize(
    "shape, size, output",
    [
        ((1, 2, 3, 4), (3, 5, 1), (1, 3, 5, 4)),
        ((1, 2, 3, 4), (3, 5), (1, 3, 5, 3)),
        ((1, 2, 3, 4), (0, 5), (1, 0, 5, 4)),
        ((1, 0, 3, 4), (3, 5), (1, 3, 5, 4)),
    ],
)
def test_shapes_that_disagree_are_no_model(shape, size, output):
    with pytest.raises(BadModelError, match=r"layer 0 \(RESIZE"):
        resize(shape, size, output=output).check()


def test_a_scale_that_reads_behind_the_input_is_refused():
    # 1024 / 70 rounded up is 15, and 69 times that is beyond the first of two pixels.
    assert "resizing 1 to 70 pixels" in resize((1, 1, 4, 1), (70, 4)).check()
    assert resize((1, 1, 4, 1), (20, 4)).check() is None
