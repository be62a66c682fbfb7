"""LiteRT in a process of its own: its values, and a sentence where it ends or refuses."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcusim import forward
from mcusim.errors import UnsupportedError
from mcusim.litert import run_litert
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def digits():
    pytest.importorskip("ai_edge_litert")
    return load(str(MODELS / "digits_cnn.tflite"))


def test_every_tensor_of_the_reference_kernels(digits):
    inputs = pseudo_random_inputs(digits)
    found, ours = run_litert(digits, inputs, "reference"), forward.values_of(digits, inputs)
    assert found.outputs_agree and set(found.values) == {op.outputs[0] for op in digits.ops}
    for index, value in found.values.items():
        np.testing.assert_array_equal(value, ours[index])


def test_a_file_that_litert_refuses(digits):
    with pytest.raises(UnsupportedError, match="LiteRT does not run digits_cnn: "):
        run_litert(digits, (np.zeros((1, 3), np.int8),), "reference")


def test_a_process_that_cannot_start(digits, monkeypatch):
    monkeypatch.setattr("mcusim.litert._MAIN", "raise SystemExit(3)")
    with pytest.raises(UnsupportedError, match=r"LiteRT cannot be started \(exit status 3\)"):
        run_litert(digits, pseudo_random_inputs(digits), "reference")
    monkeypatch.setattr("mcusim.litert._MAIN", "import os; os.abort()")
    with pytest.raises(UnsupportedError, match="LiteRT was ended by SIGABRT when it ran digits_cnn"):
        run_litert(dataclasses.replace(digits), pseudo_random_inputs(digits), "reference")
