"""SPACE_TO_BATCH_ND: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def space_to_batch_nd(
    sizes, block, frame, *, batches=1, depth=2, output=None, dtype="int8", zero_point=0, block_of=None
):
    """`sizes`: rows (and columns) of each batch of blocks; `frame`: before and after each of them in the image."""
    image = tuple(size * side - sum(both) for size, side, both in zip(sizes, block, frame, strict=True))
    whole, parts = (batches, *image, depth), (batches * int(np.prod(block)), *sizes, depth)
    source, result = whole, parts
    scale = 0.1 if dtype == "int8" else None
    return one_layer(
        "SPACE_TO_BATCH_ND",
        [Value(source, scale, zero_point, dtype), block_of or constant(*block), constant(*frame)],
        Value(output or result, scale, zero_point, dtype),
        "SpaceToBatchNDOptions",
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(2, 4), st.integers(1, 3), st.tuples(st.integers(0, 1), st.integers(0, 1))),
        min_size=1,
        max_size=2,
    ),
    st.integers(1, 2),
    st.sampled_from(["int8", "float32"]),
    st.integers(0, 2**32),
)
def test_any_blocks_are_tflite_micros(axes, batches, dtype, seed):
    # Of two elements along an axis, both may be padding: then nothing is left.
    axes = [(size, block, frame if size * block > 2 else (0, 0)) for size, block, frame in axes]
    layer = space_to_batch_nd(*zip(*axes, strict=True), batches=batches, dtype=dtype)
    assert layer.check() is None
    image = random_elements(seed, layer.model.tensors[0].shape, dtype)
    if any(before + after for _, _, (before, after) in axes):
        layer.assert_one_result(image)  # what TensorFlow Lite Micro pads with is what the arena held before
    else:
        layer.assert_tflms_result(image)


def test_memory():
    layer = space_to_batch_nd((2, 2), (2, 2), [(0, 1), (1, 0)])
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (0, 4, ())
    assert layer.macs() == 0


def test_refusals():
    assert "int16 is not" in space_to_batch_nd((2, 2), (2, 2), [(0, 1), (1, 0)], dtype="int16").check()
    other = Value((2,), dtype="int32")
    assert "constant int32" in space_to_batch_nd((2, 2), (2, 2), [(0, 1), (1, 0)], block_of=other).check()
    assert "5 dimensions" in space_to_batch_nd((2, 2, 2), (2, 2, 2), [(0, 0)] * 3).check()


def test_padding_that_tflite_micro_leaves_undefined():
    assert "undefined" in space_to_batch_nd((2, 2), (2, 2), [(0, 1), (1, 0)], zero_point=3).check()
    layer = space_to_batch_nd((2, 2), (2, 2), [(0, 0), (0, 0)], zero_point=3)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(0, (1, 4, 4, 2)))


@pytest.mark.parametrize(
    "block, frame, output, problem",
    [
        ((0, 2), [(0, 0), (0, 0)], (4, 2, 2, 2), "has blocks"),
        ((2, 2), [(-1, 1), (0, 0)], (4, 2, 2, 2), "has blocks"),
        ((2, 2), [(0, 0), (0, 0)], (4, 3, 3, 2), "turns shape"),
        ((2, 2, 1), [(0, 0), (0, 0)], (4, 2, 2, 2), "for 2 spatial dimensions"),
    ],
)
def test_blocks_that_disagree_are_no_model(block, frame, output, problem):
    layer = one_layer(
        "SPACE_TO_BATCH_ND",
        [quantized((1, 4, 4, 2)), constant(*block), constant(*frame)],
        quantized(output),
        "SpaceToBatchNDOptions",
    )
    with pytest.raises(BadModelError, match=problem):
        layer.check()
