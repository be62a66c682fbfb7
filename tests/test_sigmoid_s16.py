"""Sigmoid and tanh of int16: TensorFlow Lite Micro's LOGISTIC and TANH over the whole range."""

import numpy as np
import pytest
from one_layer import Value, one_layer

from mcusim.fixedpoint import sigmoid_s16, tanh_s16

EVERY = np.arange(-32768, 32768, dtype=np.int16)


@pytest.mark.parametrize("operator, function", [("LOGISTIC", sigmoid_s16), ("TANH", tanh_s16)])
@pytest.mark.parametrize("left_shift", [0, 1, 3])
def test_every_value_is_tflite_micros(operator, function, left_shift):
    shape = EVERY.shape
    operand = Value(shape, 2.0 ** (left_shift - 12), 0, "int16")
    expected = one_layer(operator, [operand], Value(shape, 2.0**-15, 0, "int16")).tflm(EVERY)
    found = np.array([function(value, left_shift) for value in EVERY.tolist()], np.int16)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("left_shift", [-1, -3, -15])
def test_smaller_units_divide_with_rounding(left_shift):
    """A third of the table's argument is the input halved as often, to nearest, halves up."""
    for value in (-32768, -4097, -5, 0, 5, 4097, 32767):
        exact = np.tanh(value * 2.0 ** (left_shift - 12))
        assert abs(tanh_s16(value, left_shift) / 32768 - exact) < 1e-3
        assert abs(sigmoid_s16(value, left_shift) / 32768 - 1 / (1 + np.exp(-value * 2.0 ** (left_shift - 12)))) < 1e-3
