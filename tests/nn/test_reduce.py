import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.fixedpoint import fold_count, quantize_multiplier
from mcusim.nn.reduce import mean_s8


@st.composite
def reductions(draw):
    """(shape, axes, keep_dims): one to four dimensions, at least one axis, some given as negative numbers."""
    shape = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    axes = draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    return shape, sorted(axes), draw(st.booleans())


@settings(max_examples=100, deadline=None)
@given(
    reduction=reductions(),
    same_quantization=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    scales=st.tuples(*[st.floats(2.0**-7, 2.0, width=32)] * 2),
    zero_points=st.tuples(*[st.integers(-128, 127)] * 2),
)
def test_mean_s8_is_bit_exact(oracle, reduction, same_quantization, seed, scales, zero_points):
    shape, axes, keep_dims = reduction
    if same_quantization:
        scales, zero_points = scales[:1] * 2, zero_points[:1] * 2
    values = np.random.default_rng(seed).integers(-128, 128, shape, np.int8)
    result = values.max(axis=tuple(axes), keepdims=keep_dims)
    expected = oracle.run(
        "MEAN",
        [oracle.tensor(values, scales[0], zero_points[0]), oracle.constant(np.array(axes, np.int32))],
        oracle.tensor(np.asarray(result), scales[1], zero_points[1]),
        "ReducerOptions",
        keepDims=keep_dims,
    )
    count = math.prod(shape[axis] for axis in axes)
    multiplier, shift = fold_count(*quantize_multiplier(scales[0] / scales[1]), count)
    missing = 4 - len(shape)
    reduced = np.array([axis - missing in axes for axis in range(4)], np.int32)
    output = np.zeros(result.size, np.int8)
    mean_s8(values.reshape([1] * missing + shape), reduced, zero_points[0], multiplier, shift, zero_points[1], output)
    np.testing.assert_array_equal(output, expected.reshape(-1))


def test_a_global_average_of_equal_values_is_that_value():
    values = np.full((1, 5, 5, 3), -77, np.int8)
    output = np.zeros(3, np.int8)
    mean_s8(values, np.array([0, 1, 1, 0], np.int32), -10, *fold_count(*quantize_multiplier(1.0), 25), -10, output)
    assert output.tolist() == [-77, -77, -77]
