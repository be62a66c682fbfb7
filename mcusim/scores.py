"""Outputs of a model and labels → accuracy with its confidence interval, confusion, errors, statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import BadInputError, UnsupportedError, quoted
from mcusim.evaluation import (
    MOST_CLASSES_OF_CONFUSION,
    Classification,
    ClassScore,
    OutputStatistics,
    Regression,
    TopK,
)
from mcusim.model import Model, Tensor
from mcusim.operands import Array
from mcusim.requantization import STORED_RANGE
from mcusim.samples import real_values

Z_95 = 1.959963984540054  # the normal distribution has 95 % of its weight within so many standard deviations
THRESHOLD = 0.5  # of a single output that is a probability
TOP = (2, 3, 5)
_MOST_CLASSES = 1 << 16


def wilson(correct: int, samples: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927, p. 209)."""
    share, z2 = correct / samples, Z_95 * Z_95
    middle = (share + z2 / (2 * samples)) / (1 + z2 / samples)
    half = Z_95 * math.sqrt(share * (1 - share) / samples + z2 / (4 * samples * samples)) / (1 + z2 / samples)
    # At the ends rounding may leave the exact limit, which is the share itself, by its last bit.
    least = 0.0 if correct == 0 else min(middle - half, share)
    return max(least, 0.0), 1.0 if correct == samples else max(min(middle + half, 1.0), share)


def score(
    model: Model, outputs: Sequence[Array], labels: Array | None
) -> tuple[Classification | None, Regression | None]:
    """What the outputs [samples, *shape] are worth against labels; one of the two, or neither without labels.

    Whole numbers, one a sample, are classes, and so are rows that are one-hot; other labels, of the output's shape,
    are targets, compared with the real values of the output. BadInputError for labels that go with neither.
    """
    if labels is None:
        return None, None
    if len(outputs) != 1:
        raise UnsupportedError(f"{model.name} has {len(outputs)} outputs; labels are compared with one output only")
    samples, tensor = len(outputs[0]), model.tensors[model.outputs[0]]
    rows = outputs[0].reshape(samples, -1)
    if labels.ndim == 0 or len(labels) != samples:
        raise BadInputError(f"there are {samples:,} samples and {len(labels) if labels.ndim else 1:,} labels")
    if labels.dtype.kind not in "biuf":
        raise BadInputError(f"the labels are {labels.dtype}; numbers are expected")
    flat = labels.reshape(samples, -1)
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        raise BadInputError(f"the label of sample {_first(np.isnan(flat.sum(axis=1) * 0))} is infinite or no number")
    classes = _classes(flat, rows, tensor)
    if classes is not None:
        return classification(rows, tensor, classes), None
    if flat.shape != rows.shape:
        raise BadInputError(
            f"the labels have the shape {list(labels.shape)}; whole numbers [samples], one-hot rows, or targets "
            f"[samples, {', '.join(map(str, tensor.shape[1:]))}] are expected"
        )
    return None, regression(real_values(rows, tensor), flat.astype(np.float64))


def _classes(labels: NDArray[Any], rows: Array, tensor: Tensor) -> NDArray[np.int64] | None:
    """The class of each sample, [samples]; None for labels that are targets."""
    is_one_hot = labels.shape[1] > 1 and labels.shape == rows.shape
    if is_one_hot and (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
        hot: NDArray[np.int64] = np.argmax(labels, axis=1)
        return hot
    if labels.shape[1] != 1:
        return None
    whole: NDArray[np.int64] = labels[:, 0].astype(np.int64)
    if not np.array_equal(whole, labels[:, 0]):
        return None
    if rows.shape[1] == 1 and not (_is_probability(tensor) and np.isin(whole, (0, 1)).all()):
        return None
    return whole


def _is_probability(tensor: Tensor) -> bool:
    """Whether a tensor can hold values from 0 to 1 only, as LOGISTIC gives; float32 may be anything and counts."""
    if tensor.quantization is None or tensor.dtype not in STORED_RANGE:
        return tensor.dtype == "float32"
    limits = np.array(STORED_RANGE[tensor.dtype])
    least, most = real_values(limits, tensor)
    return bool(least >= -tensor.quantization.scale / 2 and most <= 1 + tensor.quantization.scale / 2)


def classification(rows: Array, tensor: Tensor, labels: NDArray[np.int64]) -> Classification:
    """Stored outputs [samples, classes] against a class a sample; of equal outputs the first is the highest.

    A single output is a probability of class 1. BadInputError for a class that the model does not have.
    """
    is_binary = rows.shape[1] == 1
    count = 2 if is_binary else rows.shape[1]
    if count > _MOST_CLASSES:
        raise UnsupportedError(f"the output has {count:,} classes; up to {_MOST_CLASSES:,} are counted")
    wrong: NDArray[np.bool_] = np.logical_or(labels < 0, labels >= count)
    if wrong.any():
        first = _first(wrong)
        raise BadInputError(
            f"the label of sample {first} is class {labels[first]}; the model has classes 0 to {count - 1}"
        )
    found = real_values(rows, tensor)[:, 0] > THRESHOLD if is_binary else rows.argmax(axis=1)
    guesses = found.astype(np.int64)
    samples, correct = len(labels), int((guesses == labels).sum())
    least, most = wilson(correct, samples)
    is_shown = count <= MOST_CLASSES_OF_CONFUSION
    confusion = (
        np.bincount(labels * count + guesses, minlength=count * count).reshape(count, count) if is_shown else None
    )
    return Classification(
        accuracy=correct / samples,
        correct=correct,
        least_accuracy=least,
        most_accuracy=most,
        classes=_class_scores(labels, guesses, count),
        top=() if is_binary else _top(rows, labels),
        confusion=None if confusion is None else tuple(tuple(int(one) for one in row) for row in confusion),
        confusion_reason=None if is_shown else f"more than {MOST_CLASSES_OF_CONFUSION} classes",
        threshold=THRESHOLD if is_binary else None,
        threshold_reason=None if is_binary else "the highest output is the class",
    )


def _class_scores(labels: NDArray[np.int64], guesses: NDArray[np.int64], count: int) -> tuple[ClassScore, ...]:
    there, predicted, correct = (
        np.bincount(one, minlength=count).tolist() for one in (labels, guesses, labels[labels == guesses])
    )
    return tuple(_class_score(*figures) for figures in zip(there, predicted, correct, strict=True))


def _class_score(samples: int, predicted: int, correct: int) -> ClassScore:
    either = samples + predicted
    return ClassScore(
        samples=samples,
        predicted=predicted,
        correct=correct,
        precision=correct / predicted if predicted else None,
        precision_reason=None if predicted else "no sample was taken for it",
        recall=correct / samples if samples else None,
        recall_reason=None if samples else "no sample is of it",
        f1=2 * correct / either if either else None,
        f1_reason=None if either else "no sample is of it or was taken for it",
    )


def _top(rows: Array, labels: NDArray[np.int64]) -> tuple[TopK, ...]:
    """How often the class is among the k highest; of equal outputs the first is the highest."""
    values: NDArray[Any] = rows
    own = values[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(values.shape[1])[None, :] < labels[:, None]
    rank = ((values > own) | ((values == own) & earlier)).sum(axis=1)
    return tuple(TopK(k, int((rank < k).sum())) for k in TOP if k < rows.shape[1])


def regression(values: NDArray[np.float64], targets: NDArray[np.float64]) -> Regression:
    """Real outputs [samples, values] against targets of the same shape."""
    distance = np.abs(values - targets)
    baseline = np.abs(targets - targets.mean(axis=0))
    return Regression(
        mean_absolute_error=float(distance.mean()),
        root_mean_square_error=float(np.sqrt(np.square(distance).mean())),
        largest_error=float(distance.max()),
        baseline_mean_absolute_error=float(baseline.mean()),
    )


def statistics(model: Model, outputs: Sequence[Array]) -> tuple[OutputStatistics, ...]:
    """What the outputs' real values are like, an output each; those that hold nothing are left out."""
    tensors = [model.tensors[index] for index in model.outputs]
    return tuple(_statistics(tensor, one) for tensor, one in zip(tensors, outputs, strict=True) if one.size)


def _statistics(tensor: Tensor, stored: Array) -> OutputStatistics:
    values = real_values(stored, tensor)
    if not np.isfinite(values).all():
        raise UnsupportedError(f"output {quoted(tensor.name)} has values that are infinite or no numbers")
    limits = STORED_RANGE.get(tensor.dtype)
    return OutputStatistics(
        name=tensor.name,
        least=float(values.min()),
        mean=float(values.mean()),
        most=float(values.max()),
        deviation=float(values.std()),
        values=int(values.size),
        saturated=int(np.isin(stored, limits).sum()) if limits else 0,
    )


def _first(wrong: Array) -> int:
    return int(np.flatnonzero(wrong)[0])
