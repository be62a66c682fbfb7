"""MEAN: reference, LiteRT and target agree; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_elements, random_int8

from mcusim.errors import BadModelError


def mean(
    shape, axes, *, name="MEAN", keep=True, scales=(0.1, 0.07), zeros=(9, -4), output=None, dtype="int8", constant=True
):
    reduced = {axis % len(shape) for axis in axes if -len(shape) <= axis < len(shape)}
    if output is None:
        output = [1 if axis in reduced else size for axis, size in enumerate(shape) if keep or axis not in reduced]
    data = np.array(axes, np.int32)
    return one_layer(
        name,
        [
            Value(shape, scales[0], zeros[0], dtype),
            Value(data.shape, None, dtype="int32", data=data if constant else None),
        ],
        Value(tuple(output), scales[1], zeros[1], dtype),
        "ReducerOptions",
        KeepDims=keep,
    )


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 2)), ((2, 5, 4, 3), (3,)), ((2, 6, 3), (-1, 1)), ((4, 7), (0,)), ((9,), (0,))]),
    st.booleans(),
    st.tuples(st.floats(1e-2, 0.3), st.floats(1e-2, 0.3)),
    st.integers(0, 2**32),
)
def test_any_axes_and_scales_give_one_result(case, keep, scales, seed):
    layer = mean(*case, keep=keep, scales=scales)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), case[0])
    layer.assert_one_result(value)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 2)), ((2, 5, 4, 3), (3,)), ((2, 6, 3), (-1, 1)), ((9,), (0,))]),
    st.sampled_from(["MEAN", "SUM"]),
    st.sampled_from(["int8", "int16"]),
    st.tuples(st.floats(1e-2, 0.3), st.floats(1e-2, 0.3)),
    st.integers(0, 2**32),
)
def test_both_types_are_tflite_micros_and_sums_too(case, name, dtype, scales, seed):
    layer = mean(*case, name=name, scales=scales, zeros=(9, -4) if dtype == "int8" else (0, 0), dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, case[0], dtype))


def test_memory():
    memory = mean((1, 5, 4, 3), (1, 2)).memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 44)
    assert memory.scratch_bytes == (12, 16, 8)  # sums of 3 outputs, an index of 4 dimensions, 2 axes
    assert mean((1, 5, 4, 3), (1, 2), dtype="float32").memory().scratch_bytes == (16, 8)
    assert mean((1, 5, 4, 3), (1, 2)).macs() == 0


def test_refusals():
    assert "zero point" in mean((1, 5, 4, 3), (1, 2), dtype="int16").check()
    assert "uint8 activations" in mean((1, 5, 4, 3), (1, 2), zeros=(9, 4), dtype="uint8").check()
    assert "constant int32" in mean((1, 5, 4, 3), (1, 2), constant=False).check()
    assert "5 dimensions" in mean((1, 1, 5, 4, 3), (1, 2)).check()
    with pytest.raises(BadModelError, match=r"reduces axes \[4\] of 4 dimensions"):
        mean((1, 5, 4, 3), (4,)).check()
    with pytest.raises(BadModelError, match="output of shape"):
        mean((1, 5, 4, 3), (1, 2), output=(1, 3)).check()
