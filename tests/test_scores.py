"""Accuracy, its interval, confusion and errors, by hand-made outputs and published figures."""

import dataclasses

import numpy as np
import pytest
from one_layer import Value, one_layer

from mcusim import scores
from mcusim.errors import BadInputError
from mcusim.evaluation import TopK


def model(shape, scale=1 / 256, zero_point=-128):
    return one_layer("RESHAPE", [Value(shape, scale, zero_point)], Value(shape, scale, zero_point)).model


def test_wilsons_interval():
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for correct, samples, least, most in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        assert scores.wilson(correct, samples) == pytest.approx((least, most), abs=5e-5)
    assert scores.wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)
    assert scores.wilson(29, 29)[1] == 1.0


def test_classes():
    outputs = np.array([[5, 1, 0], [5, 5, 0], [0, 1, 9], [0, 9, 1]], np.int8)
    found, errors = scores.score(model((1, 3)), [outputs.reshape(4, 1, 3)], np.array([0, 1, 2, 2]))
    assert errors is None
    assert (found.correct, found.accuracy) == (2, 0.5)  # of two equal outputs the first is the class
    assert found.confusion == ((1, 0, 0), (1, 0, 0), (0, 1, 1))
    assert found.top == (TopK(2, 4),)
    first, second, third = found.classes
    assert (first.precision, first.recall, first.f1) == (0.5, 1.0, pytest.approx(2 / 3))
    assert (second.samples, second.predicted, second.correct, second.f1) == (1, 1, 0, 0.0)
    assert (third.precision, third.recall) == (1.0, 0.5)


def test_a_class_without_samples_has_no_recall():
    found, _ = scores.score(model((1, 3)), [np.array([[9, 0, 0]], np.int8)], np.array([0]))
    assert found.classes[1].recall is None and found.classes[1].recall_reason == "no sample is of it"
    assert found.classes[1].f1 is None and found.classes[1].precision_reason


def test_labels_may_be_one_hot_real_or_in_columns():
    outputs = np.eye(3, dtype=np.int8)
    for labels in (np.eye(3), [[0], [1], [2]], [0.0, 1.0, 2.0], np.eye(3, dtype=bool)):
        found, _ = scores.score(model((1, 3)), [outputs], np.asarray(labels))
        assert found.accuracy == 1.0


def test_a_single_probability_is_of_class_1():
    outputs = np.array([[-128], [0], [1], [127]], np.int8)  # 0, 0.5, 0.504, 0.996
    found, _ = scores.score(model((1, 1)), [outputs], np.array([0, 1, 1, 1]))
    assert found.confusion == ((1, 0), (1, 2)) and found.threshold == 0.5 and found.top == ()
    # Another range is no probability, so that labels are targets.
    classes, errors = scores.score(model((1, 1), 0.5, 0), [outputs], np.array([0, 1, 1, 1]))
    assert classes is None and errors.largest_error == 64.0


def test_targets():
    outputs = np.array([[2, 4], [6, 8]], np.int8)
    _, errors = scores.score(model((1, 2), 0.5, 0), [outputs], np.array([[1.0, 2.5], [3.0, 2.0]]))
    assert dataclasses.astuple(errors) == pytest.approx((0.625, np.sqrt((0.25 + 4) / 4), 2.0, 0.625))


@pytest.mark.parametrize(
    "labels, message",
    [
        ([0, 1], "3 samples and 2 labels"),
        ([0, 1, 3], "sample 2 is class 3; the model has classes 0 to 2"),
        ([0, -1, 1], "sample 1 is class -1"),
        ([0, np.nan, 1], "label of sample 1 is infinite or no number"),
        (np.zeros((3, 4)), "have the shape"),
        ([0.5, 1, 2], "have the shape"),
        (5, "3 samples and 1 labels"),
    ],
)
def test_labels_that_go_with_nothing(labels, message):
    with pytest.raises(BadInputError, match=message):
        scores.score(model((1, 3)), [np.eye(3, dtype=np.int8)], np.asarray(labels))


def test_statistics():
    (found,) = scores.statistics(model((1, 2), 0.5, 0), [np.array([[-128, 0], [127, 1]], np.int8)])
    assert (found.least, found.most, found.mean, found.values, found.saturated) == (-64.0, 63.5, 0.0, 4, 2)


@pytest.mark.slow
def test_the_same_accuracy_as_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(3)
    outputs, labels = random.integers(-128, 128, (500, 7)).astype(np.int8), random.integers(0, 7, 500)
    found, _ = scores.score(model((1, 7)), [outputs], labels)
    guesses = outputs.argmax(axis=1)
    np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(labels, guesses))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(labels, guesses)
    np.testing.assert_allclose([one.precision for one in found.classes], precision)
    np.testing.assert_allclose([one.recall for one in found.classes], recall)
    np.testing.assert_allclose([one.f1 for one in found.classes], f1)
