"""Ways of rounding that other implementations have, against LiteRT itself."""

import numpy as np
import pytest
from one_layer import Value, activation, one_layer, random_int8

from mcusim.roundings import roundings


def test_sub_of_litert():
    """TensorFlow Lite Micro divides SUB's scales in float32, LiteRT in double precision."""
    values = [Value((1, 64), 0.0313, 3), Value((1, 64), 0.0271, -7)]
    layer = one_layer(
        "SUB", values, Value((1, 64), 0.0411, 5), "SubOptions", FusedActivationFunction=activation("NONE")
    )
    inputs = [random_int8(np.random.default_rng(seed), (1, 64)) for seed in (1, 2)]
    (found,) = roundings(layer.model, layer.op, inputs).values()
    np.testing.assert_array_equal(found, layer.litert(*inputs))


@pytest.mark.parametrize("operator", ["SOFTMAX"])
def test_operators_without_products_have_none(operator):
    layer = one_layer("SOFTMAX", [Value((1, 8), 0.1)], Value((1, 8), 1 / 256, -128), "SoftmaxOptions", Beta=1.0)
    assert roundings(layer.model, layer.op, [np.zeros((1, 8), np.int8)]) == {}
