import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.nn.depthwise_conv import depthwise_conv_s8, depthwise_conv_s16

zero_points = st.integers(-128, 127)


@st.composite
def shapes(draw):
    """(input, filter, stride, dilation, SAME or VALID) of a depthwise convolution with at least one output."""
    kernel = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    height, width = ((k - 1) * d + 1 + draw(st.integers(0, 5)) for k, d in zip(kernel, dilation, strict=True))
    channels = draw(st.integers(1, 9))
    input_shape = draw(st.integers(1, 2)), height, width, channels
    return input_shape, (1, *kernel, channels * draw(st.integers(1, 3))), stride, dilation, draw(st.booleans())


@settings(max_examples=60, deadline=None)
@given(
    shapes=shapes(),
    zero_points=st.tuples(zero_points, zero_points),
    gain=st.floats(-7, 3),
    activation=st.sampled_from(["NONE", "RELU", "RELU6"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_depthwise_conv_s8_is_bit_exact(random_convolution, shapes, zero_points, gain, activation, seed):
    ch_mult = shapes[1][3] // shapes[0][3]
    rest = (shapes, 3, zero_points, gain, activation, seed)
    case = random_convolution("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", *rest, depthMultiplier=ch_mult)
    output = np.zeros_like(case.expected)
    depthwise_conv_s8(*case.tensors, ch_mult, *case.window, *case.quantization, output)
    np.testing.assert_array_equal(output, case.expected)


@settings(max_examples=40, deadline=None)
@given(shapes=shapes(), gain=st.floats(-9, -2), seed=st.integers(0, 2**32 - 1))
def test_depthwise_conv_s16_is_bit_exact(random_convolution, shapes, gain, seed):
    ch_mult = shapes[1][3] // shapes[0][3]
    rest = (shapes, 3, (0, 0), gain, "NONE", seed)
    options = "DepthwiseConv2DOptions"
    case = random_convolution("DEPTHWISE_CONV_2D", options, *rest, dtype=np.int16, depthMultiplier=ch_mult)
    output = np.zeros_like(case.expected)
    depthwise_conv_s16(*case.tensors, ch_mult, *case.window, *case.quantization[2:], output)
    np.testing.assert_array_equal(output, case.expected)


def test_depthwise_conv_s8_gives_the_vectors_outputs(vector_convolutions):
    cases = list(vector_convolutions("depthwise_conv"))
    assert len(cases) >= 5
    for name, params, case in cases:
        output = np.zeros_like(case.expected)
        depthwise_conv_s8(*case.tensors, params["depth_multiplier"], *case.window, *case.quantization, output)
        np.testing.assert_array_equal(output, case.expected, name)


def test_the_accumulator_wraps_around_in_int32_as_on_the_device():
    ones = np.ones((1, 1, 1, 1), np.int8)
    output = np.zeros((1, 1, 1, 1), np.int8)
    bias = np.array([2**31 - 1], np.int32)
    multiplier, shift = np.array([2**30], np.int32), np.array([-23], np.int32)
    depthwise_conv_s8(ones, ones, bias, multiplier, shift, 1, 1, 1, 0, 0, 1, 1, 0, 0, -128, 127, output)
    assert output[0, 0, 0, 0] == -128
