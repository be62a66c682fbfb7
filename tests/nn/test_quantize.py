import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.fixedpoint import quantize_multiplier
from mcusim.nn.quantize import dequantize_f32, quantize_f32, requantize_elements

EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)
scale_values = st.floats(2.0**-12, 8.0, width=32)
zero_points = st.integers(-128, 127)


@settings(max_examples=60, deadline=None)
@given(scale=scale_values, zero_point=zero_points, seed=st.integers(0, 2**32 - 1))
def test_quantize_f32_s8_is_bit_exact(oracle, scale, zero_point, seed):
    random = np.random.default_rng(seed)
    halves = (random.integers(-300, 300, 200) + 0.5) * scale
    values = np.concatenate([halves, random.normal(0, 100 * scale, 200), [0.0, -0.0, 1e5, -1e5]]).astype(np.float32)
    neighbours = np.concatenate([values, np.nextafter(values, np.float32(0)), np.nextafter(values, np.float32(1e9))])
    result = np.zeros(neighbours.size, np.int8)
    expected = oracle.run(
        "QUANTIZE", [oracle.tensor(neighbours, 0.0, 0)], oracle.tensor(result, scale, zero_point), "QuantizeOptions"
    )
    quantize_f32(neighbours, scale, zero_point, -128, 127, result)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    ("value", "quantized"), [(np.inf, 127), (-np.inf, -128), (np.nan, 5), (3e38, 127), (-3e38, -128)]
)
def test_what_no_int32_holds_goes_to_the_nearer_limit_and_nan_to_the_zero_point(value, quantized):
    output = np.zeros(1, np.int8)
    quantize_f32(np.array([value], np.float32), 0.5, 5, -128, 127, output)
    assert output[0] == quantized


@settings(max_examples=60, deadline=None)
@given(scales=st.tuples(scale_values, scale_values), offsets=st.tuples(zero_points, zero_points))
def test_requantize_s8_is_bit_exact(oracle, scales, offsets):
    result = np.zeros_like(EVERY_VALUE)
    operand = oracle.tensor(EVERY_VALUE, scales[0], offsets[0])
    expected = oracle.run("QUANTIZE", [operand], oracle.tensor(result, scales[1], offsets[1]), "QuantizeOptions")
    scaling = quantize_multiplier(scales[0] / scales[1])
    requantize_elements(EVERY_VALUE, -offsets[0], *scaling, offsets[1], -128, 127, result)
    np.testing.assert_array_equal(result, expected)


@settings(max_examples=40, deadline=None)
@given(scale=scale_values, zero_point=zero_points)
def test_dequantize_s8_f32_is_bit_exact(oracle, scale, zero_point):
    result = np.zeros(256, np.float32)
    operand = oracle.tensor(EVERY_VALUE, scale, zero_point)
    expected = oracle.run("DEQUANTIZE", [operand], oracle.tensor(result, 0.0, 0), "DequantizeOptions")
    dequantize_f32(EVERY_VALUE, scale, zero_point, result)
    np.testing.assert_array_equal(result, expected)
