"""Samples and labels: the arrays that are meant, real values quantized as TFLite's QUANTIZE does, and refusals."""

from pathlib import Path

import numpy as np
import pytest

from mcusim import samples
from mcusim.datasets import open_arrays
from mcusim.errors import BadInputError
from mcusim.model import Quantization
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def digits():
    return load(str(MODELS / "digits_cnn.tflite"))


def opened(tmp_path, **arrays):
    np.savez(tmp_path / "data.npz", **arrays)
    return open_arrays(str(tmp_path / "data.npz"))


def test_real_values_are_rounded_half_away_from_zero_and_clamped():
    of = Quantization((0.5,), (-3,), 0)
    real = np.array([0.25, -0.25, 0.2499999, 0.0, 64.9, 65.25, 70.0, -62.5, -62.75, -63.0])
    found, clamped = samples.quantized(real, of, "int8")
    assert found.tolist() == [-2, -4, -3, -3, 127, 127, 127, -128, -128, -128]
    assert clamped == 2  # 70 and −63: 65.25 and −62.75 lie half a step beyond, which rounding alone may take


def test_stored_values_are_taken_as_they_are_and_extents_of_1_may_be_left_out(digits):
    stored = np.arange(-64, 64, dtype=np.int8).reshape(2, 8, 8)
    found = samples.stored_samples(digits, [stored])
    assert found.inputs[0].shape == (2, 1, 8, 8, 1) and found.count == 2 and found.clamped == 0
    np.testing.assert_array_equal(found.inputs[0].reshape(2, 8, 8), stored)
    # Bytes 0 … 255 are real values, of which an input of 0 … 1 can take the first two.
    pixels = samples.stored_samples(digits, [np.arange(128, dtype=np.uint8).reshape(2, 8, 8)])
    assert pixels.clamped == 126 and pixels.inputs[0].reshape(-1)[:3].tolist() == [-128, 127, 127]


@pytest.mark.parametrize(
    "array, message",
    [
        (np.zeros((0, 8, 8)), "there are no samples"),
        (np.zeros((2, 8, 9)), r"\[samples, 8, 8, 1\] is expected"),
        (np.zeros(()), r"\[samples, 8, 8, 1\] is expected"),
        (np.full((2, 8, 8), np.inf), "128 values of input .* in sample 0 first"),
        (np.array(["a"]), "numbers are expected"),
    ],
)
def test_samples_that_do_not_go_with_the_model(digits, array, message):
    with pytest.raises(BadInputError, match=message):
        samples.stored_samples(digits, [array])


def test_names_of_arrays(digits, tmp_path):
    image, labels = np.zeros((3, 8, 8), np.int8), np.arange(3)
    for name in ("x", "images", digits.tensors[digits.inputs[0]].name, "whatever"):
        file = opened(tmp_path, labels=labels, **{name: image})
        assert samples.read_samples(file, digits)[0].shape == (3, 8, 8)
        assert samples.read_labels(file, None).tolist() == [0, 1, 2]
    with pytest.raises(BadInputError, match=r"\(one, two are there\); name it x"):
        samples.read_samples(opened(tmp_path, one=image, two=image), digits)


def test_labels_are_an_array_or_a_file(digits, tmp_path):
    file = opened(tmp_path, x=np.zeros((3, 8, 8), np.int8), mine=np.array([3, 4, 5]))
    assert samples.read_labels(file, "mine").tolist() == [3, 4, 5]
    assert samples.read_labels(file, None) is None
    np.save(tmp_path / "labels.npy", [6, 7, 8])
    assert samples.read_labels(file, str(tmp_path / "labels.npy")).tolist() == [6, 7, 8]
    with pytest.raises(BadInputError, match="neither a file nor an array"):
        samples.read_labels(file, "yours")
