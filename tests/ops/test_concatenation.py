"""CONCATENATION: reference, LiteRT and target agree along every axis; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, activation, one_layer, random_int8

from mcusim.errors import BadModelError


def concatenation(shapes, axis, output, *, scale=0.1, fused="NONE", dtype="int8", data=None):
    inputs = [Value(shape, 0.1, 5, dtype) for shape in shapes]
    if data is not None:
        inputs[-1] = Value(shapes[-1], 0.1, 5, dtype, data=data)
    return one_layer(
        "CONCATENATION",
        inputs,
        Value(output, scale, 5, dtype),
        "ConcatenationOptions",
        Axis=axis,
        FusedActivationFunction=activation(fused),
    )


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.data(),
)
def test_any_axis_gives_one_result(base, sizes, data):
    axis = data.draw(st.integers(-len(base), len(base) - 1))
    shapes = [tuple(size if i == axis % len(base) else side for i, side in enumerate(base)) for size in sizes]
    output = tuple(sum(sizes) if i == axis % len(base) else side for i, side in enumerate(base))
    layer = concatenation(shapes, axis, output)
    assert layer.check() is None
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    values = [random_int8(rng, shape) for shape in shapes]
    np.testing.assert_array_equal(layer.litert(*values), np.concatenate(values, axis))
    np.testing.assert_array_equal(layer.target(*values), np.concatenate(values, axis))


def test_a_constant_may_be_joined():
    constant = np.arange(4, dtype=np.int8).reshape(1, 4)
    value = random_int8(np.random.default_rng(0), (2, 4))
    layer = concatenation([(2, 4), (1, 4)], 0, (3, 4), data=constant)
    np.testing.assert_array_equal(layer.target(value), np.concatenate([value, constant]))


def test_memory():
    layer = concatenation([(2, 3), (2, 4), (2, 1)], 1, (2, 8))
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (8, 24, ())
    assert layer.invocation().arrays == ()
    assert layer.macs() == 0


@pytest.mark.parametrize(
    "shapes, axis, output, change, reason",
    [
        ([(2, 3), (2, 3)], 1, (2, 6), {"scale": 0.2}, "different quantization"),
        ([(2, 3), (2, 3)], 1, (2, 6), {"fused": "RELU"}, "fused activation RELU"),
        ([(2, 3), (2, 3)], 1, (2, 6), {"dtype": "int16"}, "zero point other than 0"),
        ([(2, 3), (2, 3)], 1, (2, 6), {"dtype": "uint8"}, "uint8 is not"),
        ([(1,)] * 11, 0, (11,), {}, "11 inputs"),
        ([(1, 1, 1, 1, 2)] * 2, 0, (2, 1, 1, 1, 2), {}, "[2, 1, 1, 1, 2]"),
        ([(40_000,)] * 2, 0, (80_000,), {}, "[80000]"),
    ],
)
def test_refusals(shapes, axis, output, change, reason):
    assert reason in concatenation(shapes, axis, output, **change).check()


@pytest.mark.parametrize(
    "shapes, axis, output",
    [([(2, 3), (2, 4)], 0, (4, 3)), ([(2, 3), (3,)], 0, (5, 3)), ([(2, 3)], 2, (2, 3)), ([(2, 3)], 0, (3, 3))],
)
def test_shapes_that_disagree_are_no_model(shapes, axis, output):
    with pytest.raises(BadModelError, match=r"layer 0 \(CONCATENATION\)"):
        concatenation(shapes, axis, output).check()
