"""Accumulators summed in double precision: rounded as TensorFlow Lite Micro does they are the reference's results."""

from pathlib import Path

import numpy as np
import pytest
from random_layers import random_inputs, random_layer

from mcusim import accumulators, forward
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"


@pytest.mark.parametrize("operator", ["BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
@pytest.mark.parametrize("extreme", [False, True])
def test_random_layers(operator, extreme):
    """Groups, strides, dilation, padding, int4, int16; with extreme biases sums wrap around."""
    bits = set()
    for seed in range(25):
        layer = random_layer(operator, seed, extreme_biases=extreme)
        if layer.check() is not None:
            continue
        ((op, operands, (expected,)),) = forward.steps(layer.model, random_inputs(layer.model, seed))
        found = accumulators.accumulators(layer.model, op, operands)
        np.testing.assert_array_equal(accumulators.rounded_twice(found), expected, f"{operator} {seed}")
        bits.add(found.bits)
    assert bits == {32, 64}


def test_by_hand():
    model = load(str(MODELS / "digits_cnn.tflite"))
    op, operands, _ = next(forward.steps(model, pseudo_random_inputs(model)))
    found = accumulators.accumulators(model, op, operands)
    image, weights = operands[0][0, 2:5, 4:7, 0].astype(int) + 128, operands[1][5, :, :, 0].astype(int)
    assert found.values[0, 3, 5, 5] == (image * weights).sum() + operands[2][5]
    assert found.bias[5] == operands[2][5]


def test_operators_without_accumulators_say_why():
    model = load(str(MODELS / "digits_cnn.tflite"))
    reasons = {
        op.name: accumulators.accumulators(model, op, operands)
        for op, operands, _ in forward.steps(model, pseudo_random_inputs(model))
        if op.name in ("SOFTMAX", "MAX_POOL_2D")
    }
    assert reasons["SOFTMAX"] == "SOFTMAX sums no products of weights" and len(reasons) == 2
