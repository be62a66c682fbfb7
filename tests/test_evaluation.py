"""Saved reports on evaluated models: read again as they were, or refused where their figures contradict each other."""

import dataclasses
import json

import pytest
from conftest import with_value

from mcusim import evaluation
from mcusim.errors import BadInputError
from mcusim.evaluation import BoardFigures, Check, Classification, ClassScore, DataInfo, Evaluation, EvaluationReport
from mcusim.record import ModelInfo, TensorInfo


def make_evaluation(name, correct, latency_s, ram_bytes=4_000):
    """A model of two classes on 10 samples, all of class 0."""
    score = ClassScore(10, correct, correct, 1.0, None, correct / 10, None, 2 * correct / (10 + correct), None)
    other = ClassScore(0, 10 - correct, 0, 0.0, None, None, "no sample is of it", 0.0, None)
    confusion = ((correct, 10 - correct), (0, 0))
    share = correct / 10
    found = Classification(
        share, correct, share / 2, (1 + share) / 2, (score, other), (), confusion, None, None, "the highest"
    )
    cycles = round(latency_s * 1e6)
    costs = BoardFigures(
        True, (), cycles, None, cycles, cycles, latency_s, 8.8, None, "seven figures", None, "no power is known",
        ram_bytes, 100_000, 18_000, 500_000, 3_000, 8.8, None,
    )  # fmt: skip
    tensor = TensorInfo("x", (1, 4), "int8", 0.5, 0)
    info = ModelInfo(name, "a" * 64, 1_000 + correct, (tensor,), (tensor,))
    return Evaluation(
        info, 1_234, 10, 40, 2, found, None, None, "the labels are classes", (), costs, None,
        Check(1, 1, None, "equal"), None,
    )  # fmt: skip


def make_report(*models):
    models = models or (
        make_evaluation("good", 9, 0.002),
        make_evaluation("fast", 8, 0.001),
        make_evaluation("beaten", 7, 0.003, 5_000),
    )
    data = DataInfo("data.npz", "b" * 64, "data.npz", "c" * 64, None, 10)
    fronts = evaluation.fronts(tuple(models))
    made = ("2026-01-02T03:04:05+00:00", "mcusim evaluate …", data, "nano33ble", None, "emulation", None)
    return EvaluationReport(evaluation.SCHEMA, "0.1.0", *made, tuple(models), fronts)


def test_a_report_is_read_as_it_was():
    report = make_report()
    assert evaluation.from_json(json.loads(evaluation.json_text(report))) == report
    assert {one.axis: one.models for one in report.fronts}["latency"] == (1, 0)


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("schema", "mcusim.run/1", "schema"),
        ("data.count", 11, r"models\[0\]\.samples: expected data\.count, 11"),
        ("models.0.classification.accuracy", 0.8, "accuracy: expected correct / samples"),
        ("models.0.classification.correct", 8, "correct: expected the sum over the classes"),
        ("models.0.classification.least_accuracy", 0.95, "accuracy in its interval"),
        ("models.0.classification.confusion", [[9, 0], [1, 0]], "add up to the classes"),
        ("models.0.clamped", 41, "clamped: expected 0 to values"),
        ("models.0.board.fits", False, "why it does not fit"),
        ("models.0.board.latency_s", None, "a latency where there are cycles"),
        ("models.0.board.ram_bytes", -1, "figures of 0 or more"),
        ("models.0.check.bit_exact", 2, "bit_exact: expected 0 to samples"),
        ("models", [], "1 to 64 models"),
        ("fronts.0.models", [0, 1], "fronts: expected those that the models' figures give"),
        ("models.0.name", "x", "unknown key"),
    ],
)
def test_contradictions_are_refused(key, value, message):
    document = json.loads(evaluation.json_text(make_report()))
    with pytest.raises(BadInputError, match=message):
        evaluation.from_json(with_value(document, key, value))


def test_a_model_without_labels_has_no_front():
    one = make_evaluation("one", 9, 0.002)
    without = dataclasses.replace(one, classification=None, classification_reason="there are no labels")
    assert evaluation.fronts((without, without)) == ()
