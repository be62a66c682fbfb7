"""SPACE_TO_DEPTH: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def space_to_depth(blocks, block, depth, *, output=None, dtype="int8", batches=1):
    """`blocks`: how many of them in rows and columns."""
    image = (batches, blocks[0] * block, blocks[1] * block, depth)
    deep = (batches, *blocks, depth * block * block)
    source, result = image, deep
    return one_layer(
        "SPACE_TO_DEPTH",
        [quantized(source, dtype)],
        quantized(output or result, dtype),
        "SpaceToDepthOptions",
        BlockSize=block,
    )


@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 2),
    st.sampled_from(["int8", "float32"]),
    st.integers(0, 2**32),
)
def test_any_blocks_are_tflite_micros(blocks, block, depth, batches, dtype, seed):
    layer = space_to_depth(blocks, block, depth, batches=batches, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, layer.model.tensors[0].shape, dtype))


def test_memory():
    layer = space_to_depth((2, 3), 2, 1)
    memory = layer.memory()
    # The output's dimensions, copied: a count and four of them. Measured on TensorFlow Lite Micro for a PC.
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (4, 0, (20,))
    assert layer.invocation().arrays == (np.array([4, *layer.model.tensors[1].shape], np.int32).tobytes(),)
    assert layer.macs() == 0


def test_refusals():
    assert "int16 is not" in space_to_depth((2, 3), 2, 1, dtype="int16").check()
    with pytest.raises(BadModelError, match="output of shape"):
        space_to_depth((2, 3), 2, 1, output=(1, 4, 3, 2)).check()


@pytest.mark.parametrize("block", [0, -1, 2])
def test_blocks_that_do_not_fit_are_no_model(block):
    layer = one_layer(
        "SPACE_TO_DEPTH", [quantized((1, 3, 4, 6))], quantized((1, 3, 4, 6)), "SpaceToDepthOptions", BlockSize=block
    )
    with pytest.raises(BadModelError, match=f"blocks of {block}"):
        layer.check()
