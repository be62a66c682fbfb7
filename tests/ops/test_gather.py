"""GATHER: reference, TensorFlow Lite Micro and target agree; memory; indices that do not exist."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, quantized, random_elements

from mcusim.errors import BadModelError, EmulationError


def gather(shape, indices, axis, *, batch_dims=0, output=None, dtype="int8", fixed=True, kind="int32"):
    given = np.array(indices, kind)
    at, batches = axis % len(shape), batch_dims % max(given.ndim, 1)
    gathered = (*shape[:at], *given.shape[batches:], *shape[at + 1 :])
    return one_layer(
        "GATHER",
        [quantized(shape, dtype), Value(given.shape, dtype=kind, data=given if fixed else None)],
        quantized(output or gathered, dtype),
        "GatherOptions",
        Axis=axis,
        BatchDims=batch_dims,
    )


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_indices_are_tflite_micros(data):
    dtype = data.draw(st.sampled_from(["int8", "float32"]))
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    dims = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    indices = data.draw(st.integers(0, 2**32))
    drawn = np.random.default_rng(indices).integers(0, shape[axis], dims, np.int32)
    layer = gather(shape, drawn, axis, dtype=dtype, fixed=data.draw(st.booleans()))
    assert layer.check() is None
    values = [random_elements(indices, shape, dtype), drawn]
    layer.assert_tflms_result(*values[: len(layer.model.inputs)])


def test_each_batch_has_indices_of_its_own():
    layer = gather((2, 5, 3), [[4, 0], [1, 1]], 1, batch_dims=1)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(0, (2, 5, 3)))


@pytest.mark.parametrize("index", [-1, 5, 2**31 - 1])
def test_an_index_that_does_not_exist(index):
    with pytest.raises(BadModelError, match="index outside of the 5"):
        gather((5, 3), [0, index], 0).check()
    layer = gather((5, 3), [0, 0], 0, fixed=False)
    values = random_elements(0, (5, 3)), np.array([0, index], np.int32)
    with pytest.raises(EmulationError, match="mcusim_gather"):
        layer.target(*values)
    with pytest.raises(BadModelError, match="index outside of the 5"):
        layer.reference(*values)


def test_memory():
    layer = gather((5, 3), [[1, 2]], 0)
    # The output's dimensions, copied: a count and three of them. Measured on TensorFlow Lite Micro for a PC.
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (8, 0, (16,))
    assert layer.invocation().arrays == (np.array([3, 1, 2, 3], np.int32).tobytes(),)
    assert layer.macs() == 0


def test_refusals():
    assert "int16 is not" in gather((5, 3), [1], 0, dtype="int16").check()
    assert "int64 indices" in gather((5, 3), [1], 0, kind="int64").check()


@pytest.mark.parametrize(
    "axis, change, problem",
    [
        (2, {"output": (1, 3)}, "axis 2 of 2 dimensions"),
        (0, {"output": (3, 3)}, "output of shape"),
        (0, {"batch_dims": 1, "output": (3,)}, "1 batch dimensions"),
        (1, {"batch_dims": 1, "output": (5,)}, "do not go together"),
    ],
)
def test_shapes_that_disagree_are_no_model(axis, change, problem):
    with pytest.raises(BadModelError, match=problem):
        gather((5, 3), [1, 2], axis, **change).check()
