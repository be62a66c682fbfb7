import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.fixedpoint import quantize_multiplier
from mcusim.nn.transpose_conv import transpose_conv_s8, transpose_conv_s16


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    channels=st.tuples(st.integers(1, 9), st.integers(1, 4)),
    seed=st.integers(0, 2**32 - 1),
)
def test_transpose_conv_is_bit_exact(oracle, dtype, size, kernel, stride, channels, seed):
    random, is_wide = np.random.default_rng(seed), dtype == np.int16
    ends, zero_points = np.iinfo(dtype), (0, 0) if is_wide else (-7, 12)
    values = random.integers(ends.min, ends.max, (2, *size, channels[0]), dtype, endpoint=True)
    weights = random.integers(-127, 128, (channels[1], *kernel, channels[0]), np.int8)
    bias = random.integers(-5000, 5001, channels[1], np.int64 if is_wide else np.int32)
    scales = random.uniform(0.001, 0.01, channels[1]).astype(np.float32).astype(np.float64)
    output = np.zeros((2, *((n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)), channels[1]), dtype)
    expected = oracle.run(
        "TRANSPOSE_CONV",
        [
            oracle.constant(np.array(output.shape, np.int32)),
            oracle.constant(weights, scales),
            oracle.tensor(values, 0.5, zero_points[0]),
            oracle.constant(bias, 0.5 * scales),
        ],
        oracle.tensor(output, 2.0, zero_points[1]),
        "TransposeConvOptions",
        padding=1,  # VALID
        strideH=stride[0],
        strideW=stride[1],
    )
    multiplier, shift = np.array([quantize_multiplier(0.5 * scale / 2.0) for scale in scales], np.int32).T.copy()
    tensors = (values, weights, bias, multiplier, shift, *stride, 0, 0)
    if is_wide:
        transpose_conv_s16(*tensors, ends.min, ends.max, output)
    else:
        transpose_conv_s8(*tensors, -zero_points[0], zero_points[1], ends.min, ends.max, output)
    np.testing.assert_array_equal(output, expected)


def test_what_lies_outside_is_cropped():
    ones = np.ones((1, 2, 2, 1), np.int8)
    weights = np.arange(9, dtype=np.int8).reshape(1, 3, 3, 1)
    scaling = np.zeros(1, np.int32), np.array([2**30], np.int32), np.array([1], np.int32)
    output = np.zeros((1, 2, 2, 1), np.int8)
    transpose_conv_s8(ones, weights, *scaling, 1, 1, 1, 1, 0, 0, -128, 127, output)
    # Position (y, x) gets the weights (y + 1 − i, x + 1 − j) of the inputs (i, j): by hand.
    assert output[0, :, :, 0].tolist() == [[4 + 3 + 1 + 0, 5 + 4 + 2 + 1], [7 + 6 + 4 + 3, 8 + 7 + 5 + 4]]
