"""Samples side by side: bit for bit what each gives alone, and alone for models whose operators mix a batch."""

from pathlib import Path

import numpy as np
import pytest
from one_layer import Value, activation, one_layer

from mcusim import forward
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"


def drawn(model, count):
    random = np.random.default_rng(7)
    tensors = [model.tensors[index] for index in model.inputs]
    return [random.integers(-128, 128, (count, *one.shape)).astype(one.dtype) for one in tensors]


@pytest.mark.parametrize("name", ["digits_cnn", "ad_autoencoder", "kws_ds_cnn", "ic_resnet8"])
def test_batches_give_what_each_sample_gives_alone(name):
    model = load(str(MODELS / f"{name}.tflite"))
    assert forward.is_batchable(model)
    inputs = drawn(model, 3)
    several = forward.outputs_of(model, inputs)
    for number in range(3):
        alone = forward.values_of(model, [array[number] for array in inputs])
        np.testing.assert_array_equal(several[0][number], alone[model.outputs[0]])


def test_progress_ends_with_all_samples():
    model = load(str(MODELS / "digits_cnn.tflite"))
    seen = []
    forward.outputs_of(model, drawn(model, 300), lambda done, samples: seen.append((done, samples)))
    assert seen[0] == (0, 300) and seen[-1] == (300, 300) and seen == sorted(seen)


def test_the_last_axis_can_be_joined_but_not_the_first():
    value = Value((1, 2, 3), 1.0)
    for axis, found in ((2, True), (-1, True), (0, False), (-3, False)):
        shape = (1, 2, 6) if axis in (2, -1) else (2, 2, 3)
        options = {"Axis": axis, "FusedActivationFunction": activation("NONE")}
        one = one_layer("CONCATENATION", [value, value], Value(shape, 1.0), "ConcatenationOptions", **options)
        assert forward.is_batchable(one.model) is found
