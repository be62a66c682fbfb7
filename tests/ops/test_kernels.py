"""The C functions that an operator names are those that its invocations call."""

from pathlib import Path

import pytest

import mcusim
from mcusim.ops import OPERATORS
from mcusim.runtime import Runtime

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.tflite"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_calls_are_named(path):
    model = mcusim.load(path)
    for op in model.ops:
        operator = OPERATORS[op.name]
        calls = operator.invocation(model, op, Runtime("cmsis_nn", dsp=True, mve=False)).calls
        assert {call.symbol for call in calls} <= set(operator.KERNELS)
