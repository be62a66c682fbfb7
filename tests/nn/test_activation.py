import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.fixedpoint import logistic_scaling, quantize_multiplier
from mcusim.nn.activation import logistic_s8, relu, relu6

EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)
zero_points = st.integers(-128, 127)


both_scales = st.tuples(*[st.floats(2.0**-8, 2.0, width=32)] * 2)


@settings(max_examples=40, deadline=None)
@given(scales=both_scales, zero_points=st.tuples(zero_points, zero_points))
def test_relu_s8_is_tflm_bit_for_bit(tflm, activation_range, scales, zero_points):
    relu_against(tflm, activation_range, scales, zero_points, scales[0] / scales[1])


@settings(max_examples=40, deadline=None)
@given(scales=both_scales, zero_points=st.tuples(zero_points, zero_points))
def test_relu_s8_is_litert_bit_for_bit_given_its_float32_ratio(litert, activation_range, scales, zero_points):
    ratio = float(np.float32(scales[0]) / np.float32(scales[1]))
    relu_against(litert, activation_range, scales, zero_points, ratio)


def relu_against(oracle, activation_range, scales, zero_points, ratio):
    result = np.zeros_like(EVERY_VALUE)
    operand = oracle.tensor(EVERY_VALUE, scales[0], zero_points[0])
    expected = oracle.run("RELU", [operand], oracle.tensor(result, scales[1], zero_points[1]))
    limits = activation_range("RELU", scales[1], zero_points[1])
    relu(EVERY_VALUE, -zero_points[0], zero_points[1], *quantize_multiplier(ratio), *limits, result)
    np.testing.assert_array_equal(result, expected)


@settings(max_examples=40, deadline=None)
@given(scale=st.floats(2.0**-8, 2.0, width=32), zero_point=zero_points)
def test_relu6_s8_is_bit_exact_where_the_scales_agree(oracle, activation_range, scale, zero_point):
    result = np.zeros_like(EVERY_VALUE)
    operand = oracle.tensor(EVERY_VALUE, scale, zero_point)
    expected = oracle.run("RELU6", [operand], oracle.tensor(result, scale, zero_point))
    relu6(EVERY_VALUE, *activation_range("RELU6", scale, zero_point), result)
    np.testing.assert_array_equal(result, expected)


def logistic_of_every_value(scale, zero_point):
    multiplier, left_shift, range_radius = logistic_scaling(scale)
    result = np.zeros_like(EVERY_VALUE)
    logistic_s8(EVERY_VALUE, zero_point, range_radius, multiplier, left_shift, result)
    return result


@settings(max_examples=60, deadline=None)
@given(scale=st.floats(2.0**-10, 8.0, width=32), zero_point=zero_points)
def test_logistic_s8_is_tflm_bit_for_bit(tflm, scale, zero_point):
    operand = tflm.tensor(EVERY_VALUE, scale, zero_point)
    expected = tflm.run("LOGISTIC", [operand], tflm.tensor(EVERY_VALUE, 1 / 256, -128))
    np.testing.assert_array_equal(logistic_of_every_value(scale, zero_point), expected)


@settings(max_examples=60, deadline=None)
@given(scale=st.floats(2.0**-10, 2.0, width=32, exclude_max=True), zero_point=zero_points)
def test_logistic_s8_is_the_nearest_probability_but_for_near_ties(scale, zero_point):
    real = 256 / (1 + np.exp(-scale * (EVERY_VALUE.astype(float) - zero_point))) - 128
    nearest = np.clip(np.floor(real + 0.5), -128, 127)
    tie = np.abs(real - np.floor(real) - 0.5) < 1e-3
    assert (tie | (logistic_of_every_value(scale, zero_point) == nearest)).all()


def test_logistic_s8_saturates_at_the_radius_itself():
    """At a scale of 2 the radius is 3: TFLM gives −128 for −6.0, where the nearest value would be −127."""
    multiplier, left_shift, range_radius = logistic_scaling(2.0)
    result = np.zeros(5, np.int8)
    logistic_s8(np.array([-4, -3, -2, 2, 3], np.int8), 0, range_radius, multiplier, left_shift, result)
    assert range_radius == 3
    assert result.tolist() == [-128, -128, -123, 123, 127]
