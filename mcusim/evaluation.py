"""What a model's results on data are worth, beside its figures on a board, as data: the mcusim.evaluate/1 JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.pareto import FrontAxis, fronts_of
from mcusim.record import ModelInfo

SCHEMA = "mcusim.evaluate/1"
EXPECTED = f"a report saved with mcusim evaluate --json ({SCHEMA})"
FILE_LIMIT_BYTES = 64 << 20
MOST_MODELS = 64
MOST_CLASSES_OF_CONFUSION = 128
CONFIDENCE_PERCENT = 95


@dataclass(frozen=True, slots=True)
class DataInfo:
    """The samples and labels: where they are from, and the SHA-256 of the values as they were given."""

    samples: str
    samples_sha256: str
    labels: str | None
    labels_sha256: str | None
    labels_reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class ClassScore:
    """A class: how many samples are of it, how many are taken for it, and how many are both.

    precision = correct / predicted, recall = correct / samples, f1 their harmonic mean.
    """

    samples: int
    predicted: int
    correct: int
    precision: float | None
    precision_reason: str | None
    recall: float | None
    recall_reason: str | None
    f1: float | None
    f1_reason: str | None


@dataclass(frozen=True, slots=True)
class TopK:
    """Samples whose class is among the k highest outputs."""

    k: int
    correct: int


@dataclass(frozen=True, slots=True)
class Classification:
    """How often the highest output is the sample's class; of one output, whether it is above `threshold`.

    `least_accuracy` and `most_accuracy` are Wilson's interval of 95 %. `confusion` has a row a class, a column a
    class that was found in its place.
    """

    accuracy: float
    correct: int
    least_accuracy: float
    most_accuracy: float
    classes: tuple[ClassScore, ...]
    top: tuple[TopK, ...]
    confusion: tuple[tuple[int, ...], ...] | None
    confusion_reason: str | None
    threshold: float | None
    threshold_reason: str | None


@dataclass(frozen=True, slots=True)
class Regression:
    """How far the outputs are from the targets, in the targets' unit; `baseline_…` those of always saying the mean."""

    mean_absolute_error: float
    root_mean_square_error: float
    largest_error: float
    baseline_mean_absolute_error: float


@dataclass(frozen=True, slots=True)
class OutputStatistics:
    """The real values of an output over all samples; `saturated` lie at a limit of the stored type."""

    name: str
    least: float
    mean: float
    most: float
    deviation: float
    values: int
    saturated: int


@dataclass(frozen=True, slots=True)
class BoardFigures:
    """What an inference of the model costs on the report's board; see record.Totals for cycles and their error.

    `emulation_error_percent` is the error to expect of emulated cycles: on top of `error_percent` where these are
    estimated, else the same.
    """

    fits: bool
    reasons: tuple[str, ...]
    cycles: int | None
    cycles_reason: str | None
    least_cycles: int | None
    most_cycles: int | None
    latency_s: float | None
    error_percent: float | None
    error_percent_reason: str | None
    error_source: str | None
    energy_j: float | None
    energy_j_reason: str | None
    ram_bytes: int
    ram_available_bytes: int
    flash_bytes: int
    flash_available_bytes: int
    arena_bytes: int
    emulation_error_percent: float | None = None
    emulation_error_percent_reason: str | None = "not recorded"


@dataclass(frozen=True, slots=True)
class Check:
    """Samples that also went through the emulated target code, and how many of them gave the reference's bits."""

    samples: int
    bit_exact: int
    first_difference: str | None
    first_difference_reason: str | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model on the samples; `clamped` of its `values` were beyond what its inputs can represent.

    Either `classification` or `regression` where there are labels; `outputs` in any case.
    """

    model: ModelInfo
    macs: int
    samples: int
    values: int
    clamped: int
    classification: Classification | None
    classification_reason: str | None
    regression: Regression | None
    regression_reason: str | None
    outputs: tuple[OutputStatistics, ...]
    board: BoardFigures | None
    board_reason: str | None
    check: Check | None
    check_reason: str | None

    @property
    def accuracy(self) -> float | None:
        """Share of samples whose class is found; None where the model does not classify."""
        return self.classification.accuracy if self.classification else None

    @property
    def error(self) -> float | None:
        """Mean absolute error against the targets; None where there are none."""
        return self.regression.mean_absolute_error if self.regression else None


@dataclass(frozen=True, slots=True)
class Front:
    """The models, by their places in the report, that no other one beats on an axis: in the order of the axis."""

    axis: FrontAxis
    models: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Several models on the same samples, and on the same board if there is one."""

    schema: str
    mcusim_version: str
    created: str
    command: str
    data: DataInfo
    board: str | None
    board_reason: str | None
    engine: Literal["emulation", "estimate"] | None
    engine_reason: str | None
    models: tuple[Evaluation, ...]
    fronts: tuple[Front, ...]


def fronts(models: tuple[Evaluation, ...]) -> tuple[Front, ...]:
    """The fronts of what the models are worth against latency, RAM, flash, file and multiply-accumulates."""
    return tuple(Front(axis, places) for axis, places in fronts_of([_point(one) for one in models]).items())


def _point(one: Evaluation) -> tuple[float | None, Mapping[FrontAxis, float | None]]:
    """What a model is worth, more being better, and what it costs."""
    worth = one.accuracy if one.error is None else -one.error
    board = one.board
    return worth, {
        "latency": board.latency_s if board else None,
        "ram": board.ram_bytes if board else None,
        "flash": board.flash_bytes if board else None,
        "file": one.model.bytes,
        "macs": one.macs,
    }


def json_text(report: EvaluationReport) -> str:
    """The mcusim.evaluate/1 document, in ASCII so that no name in it can act on a terminal."""
    return json.dumps(dataclasses.asdict(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def load_evaluation(path: str | os.PathLike[str]) -> EvaluationReport:
    """The report that a file holds; BadInputError as `from_json`."""
    return from_json(documents.read_json(path, FILE_LIMIT_BYTES, EXPECTED), os.fspath(path))


def from_json(document: object, file: str = "report") -> EvaluationReport:
    """The report of a mcusim.evaluate/1 document.

    Raises BadInputError that names `file`, the key and what is expected for anything missing, unknown, of a wrong
    type or in contradiction.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise BadInputError(f"{file}: schema: {EXPECTED} is expected")
    report = documents.build(EvaluationReport, document, file)
    for is_wrong, key, expected in _contradictions(report):
        if is_wrong:
            raise BadInputError(f"{file}: {key}: expected {expected}")
    return report


_Wrong = tuple[bool, str, str]  # whether it is wrong, the key, what is expected


def _contradictions(report: EvaluationReport) -> Iterator[_Wrong]:
    """What tables and plots rest on, in an order in which each check may rest on those before."""
    yield not 0 < len(report.models) <= MOST_MODELS, "models", f"1 to {MOST_MODELS} models"
    for index, one in enumerate(report.models):
        key = f"models[{index}]"
        yield one.samples != report.data.count, f"{key}.samples", f"data.count, {report.data.count}"
        yield one.samples < 1, f"{key}.samples", "1 or more"
        yield not 0 <= one.clamped <= one.values, f"{key}.clamped", "0 to values"
        yield min(one.macs, one.model.bytes) < 0, key, "counts of 0 or more"
        yield one.board is not None and report.board is None, f"{key}.board", "none, as the report has no board"
        if one.classification:
            yield from _wrong_classification(one.classification, one.samples, f"{key}.classification")
        if one.board:
            yield from _wrong_board(one.board, f"{key}.board")
        yield from _wrong_numbers(one, key)
    yield report.fronts != fronts(report.models), "fronts", "those that the models' figures give"


def _wrong_classification(found: Classification, samples: int, key: str) -> Iterator[_Wrong]:
    yield sum(one.samples for one in found.classes) != samples, f"{key}.classes", f"{samples} samples in all"
    yield sum(one.predicted for one in found.classes) != samples, f"{key}.classes", f"{samples} predictions in all"
    yield sum(one.correct for one in found.classes) != found.correct, f"{key}.correct", "the sum over the classes"
    yield found.accuracy != found.correct / samples, f"{key}.accuracy", "correct / samples"
    yield not 0 <= found.least_accuracy <= found.accuracy <= found.most_accuracy <= 1, key, "accuracy in its interval"
    yield any(min(one.samples, one.predicted, one.correct) < 0 for one in found.classes), key, "counts of 0 or more"
    if found.confusion is not None:
        rows = [sum(row) for row in found.confusion]
        columns = [sum(column) for column in zip(*found.confusion, strict=False)]
        square = all(len(row) == len(found.confusion) for row in found.confusion)
        agrees = rows == [one.samples for one in found.classes] and columns == [one.predicted for one in found.classes]
        yield not (square and agrees), f"{key}.confusion", "rows and columns that add up to the classes"
        yield any(count < 0 for row in found.confusion for count in row), f"{key}.confusion", "counts of 0 or more"


def _wrong_board(found: BoardFigures, key: str) -> Iterator[_Wrong]:
    sizes = (found.ram_bytes, found.flash_bytes, found.arena_bytes, found.ram_available_bytes, found.cycles or 0)
    yield min(sizes) < 0 or found.flash_available_bytes < 0, key, "figures of 0 or more"
    yield found.fits == bool(found.reasons), f"{key}.reasons", "why it does not fit, exactly where it does not"
    yield (found.cycles is None) != (found.latency_s is None), f"{key}.latency_s", "a latency where there are cycles"
    yield found.latency_s is not None and found.latency_s < 0, f"{key}.latency_s", "0 or more"


def _wrong_numbers(one: Evaluation, key: str) -> Iterator[_Wrong]:
    numbers = [value for output in one.outputs for value in (output.least, output.mean, output.most, output.deviation)]
    if one.regression:
        numbers += dataclasses.astuple(one.regression)
    yield not all(math.isfinite(value) for value in numbers), key, "finite numbers"
    if one.check:
        yield not 0 <= one.check.bit_exact <= one.check.samples, f"{key}.check.bit_exact", "0 to samples"
