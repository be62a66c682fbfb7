import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.nn.convolve import convolve_s8, convolve_s16

zero_points = st.integers(-128, 127)


@st.composite
def shapes(draw):
    """(input, filter, stride, dilation, SAME or VALID) of a convolution with at least one output."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    dilation = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    least = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    height, width = (size + draw(st.integers(0, 5)) for size in least)
    group_ch, output_ch = draw(st.integers(1, 9)), groups * draw(st.integers(1, 4))
    input_shape = draw(st.integers(1, 2)), height, width, groups * group_ch
    return input_shape, (output_ch, *kernel, group_ch), stride, dilation, draw(st.booleans())


@settings(max_examples=60, deadline=None)
@given(
    shapes=shapes(),
    zero_points=st.tuples(zero_points, zero_points),
    gain=st.floats(-9, 3),
    activation=st.sampled_from(["NONE", "RELU", "RELU6"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_convolve_s8_is_bit_exact(random_convolution, shapes, zero_points, gain, activation, seed):
    case = random_convolution("CONV_2D", "Conv2DOptions", shapes, 0, zero_points, gain, activation, seed)
    output = np.zeros_like(case.expected)
    convolve_s8(*case.tensors, *case.window, *case.quantization, output)
    np.testing.assert_array_equal(output, case.expected)


@settings(max_examples=40, deadline=None)
@given(shapes=shapes(), gain=st.floats(-9, -2), seed=st.integers(0, 2**32 - 1))
def test_convolve_s16_is_bit_exact(random_convolution, shapes, gain, seed):
    case = random_convolution("CONV_2D", "Conv2DOptions", shapes, 0, (0, 0), gain, "NONE", seed, dtype=np.int16)
    output = np.zeros_like(case.expected)
    convolve_s16(*case.tensors, *case.window, False, *case.quantization[2:], output)
    np.testing.assert_array_equal(output, case.expected)


def test_convolve_s8_gives_the_vectors_outputs(vector_convolutions):
    cases = list(vector_convolutions("conv"))
    assert len(cases) >= 10
    for name, _, case in cases:
        output = np.zeros_like(case.expected)
        convolve_s8(*case.tensors, *case.window, *case.quantization, output)
        np.testing.assert_array_equal(output, case.expected, name)


def test_the_accumulator_wraps_around_in_int32_as_on_the_device():
    ones = np.ones((1, 1, 1, 1), np.int8)
    output = np.zeros((1, 1, 1, 1), np.int8)
    bias = np.array([2**31 - 1], np.int32)
    multiplier, shift = np.array([2**30], np.int32), np.array([-23], np.int32)
    convolve_s8(ones, ones, bias, multiplier, shift, 1, 1, 0, 0, 1, 1, 0, 0, -128, 127, output)
    assert output[0, 0, 0, 0] == -128  # −2**31 / 2**24, not +2**31 / 2**24


def test_an_int16_accumulator_has_32_bits_only_with_an_int32_bias():
    ones, weights = np.ones((1, 1, 1, 1), np.int16), np.ones((1, 1, 1, 1), np.int8)
    bias, multiplier, shift = np.array([2**31 - 1]), np.array([2**30], np.int32), np.array([-15], np.int32)
    for is_int32_bias, expected in ((True, -32768), (False, 32767)):
        output = np.zeros((1, 1, 1, 1), np.int16)
        arguments = (1, 1, 0, 0, 1, 1, is_int32_bias, -32768, 32767, output)
        convolve_s16(ones, weights, bias, multiplier, shift, *arguments)
        assert output[0, 0, 0, 0] == expected
