"""Models and labelled samples → how good the models are, beside what they cost on a board."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcusim import delivery
from mcusim.command_line import (
    EMULATION,
    ESTIMATE,
    EXIT_NOT_FIT,
    ArenaOption,
    ClockOption,
    EngineOption,
    FormatOption,
    JsonOption,
    OutputOption,
    QuietOption,
    Setup,
    WeightsOption,
    complain,
    progress,
)
from mcusim.errors import UnsupportedError
from mcusim.evaluation_command import EVALUATION_FORMATS, evaluation_renders, judge_evaluation

if TYPE_CHECKING:
    from mcusim.evaluate import Engine
    from mcusim.evaluation import Evaluation, EvaluationReport

MOST_MODELS = 26  # a letter each


@dataclass(frozen=True, slots=True)
class _Asked:
    """The data, and where and how the models run on it."""

    data: str
    labels: str | None
    board: str | None
    setup: Setup
    engine: str
    check: int

    @property
    def words(self) -> list[str]:
        """The options again."""
        words = ["--data", self.data]
        words += [] if self.labels is None else ["--labels", self.labels]
        words += [] if self.board is None else ["--board", self.board]
        words += self.setup.words
        words += [] if self.engine == EMULATION else ["--engine", self.engine]
        return words if self.check == 1 else [*words, "--check", str(self.check)]


def evaluate(
    models: Annotated[list[str], typer.Argument(metavar="MODEL", help="One or more .tflite files, or C arrays.")],
    data: Annotated[str, typer.Option("--data", metavar="NPZ", help="The samples, a .npz or .npy file: array x.")],
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="NAME", help="Their labels: an array of --data, or a file; else labels or y."),
    ] = None,
    board: Annotated[
        str | None, typer.Option("--board", "-b", help="Also what an inference costs on this board.")
    ] = None,
    clock: ClockOption = None,
    weights: WeightsOption = None,
    arena: ArenaOption = None,
    check: Annotated[
        int, typer.Option("--check", metavar="N", help="With --board: the first N samples as target code, too; 1.")
    ] = 1,
    min_accuracy: Annotated[
        float | None, typer.Option("--min-accuracy", metavar="SHARE", help="Exit status 1 below it: 0.9.")
    ] = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
    engine: EngineOption = EMULATION,
) -> None:
    """Run models on labelled samples: accuracy, confusion, and what it costs on a board; several as a Pareto plot.

    The samples go through the reference kernels, bit-exact with the target code. Exit status 1 where no model fits
    the board, one is not bit-exact, or one is below --min-accuracy.
    """
    asked = _Asked(data, labels, board, Setup(clock, weights, arena), engine, check)
    _refuse(models, asked, min_accuracy)
    inputs = [*models, data, *([board] if board else []), *([labels] if labels and Path(labels).is_file() else [])]
    target = delivery.arrange(EVALUATION_FORMATS, inputs, json_path, format_name, output, quiet)
    found = _report(models, asked, quiet)
    target.deliver(evaluation_renders(found))
    judge_evaluation(found)
    _judge_accuracy(found, min_accuracy)


def _refuse(models: Sequence[str], asked: _Asked, min_accuracy: float | None) -> None:
    """UnsupportedError for options that say nothing, before anything is read."""
    if asked.engine not in (EMULATION, ESTIMATE):
        raise UnsupportedError(f"unknown engine {asked.engine!r}; known: {EMULATION}, {ESTIMATE}")
    if asked.board is None and (asked.setup.words or asked.engine != EMULATION or asked.check != 1):
        option = [*asked.setup.words, "--engine" if asked.engine != EMULATION else "--check"][0]
        raise UnsupportedError(f"{option} is about a board; name it with --board")
    if asked.check < 1:
        raise UnsupportedError(f"--check {asked.check}: 1 or more samples are executed")
    if asked.engine == ESTIMATE and asked.check != 1:
        raise UnsupportedError("--engine estimate executes nothing, so that --check says nothing beside it")
    if len(models) > MOST_MODELS:
        raise UnsupportedError(f"{len(models)} models; up to {MOST_MODELS} are compared")
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise UnsupportedError(f"--min-accuracy {min_accuracy:g}: a share from 0 to 1 is expected, for example 0.9")


def _report(models: Sequence[str], asked: _Asked, quiet: bool) -> EvaluationReport:
    """Every model on the samples, in the given order."""
    board = None if asked.board is None else asked.setup.board(asked.board)
    from mcusim.datasets import open_arrays
    from mcusim.evaluate import data_info, evaluate, report
    from mcusim.samples import read_labels, read_samples
    from mcusim.tflite import load

    file = open_arrays(asked.data)
    truth = read_labels(file, asked.labels)
    loaded = [load(one) for one in models]
    found: list[Evaluation] = []
    engine: Engine = "estimate" if asked.engine == ESTIMATE else "emulation"
    with progress(quiet) as step:
        for model in loaded:
            arrays = read_samples(file, model)
            plan = None if board is None else asked.setup.plan(model, board)
            found.append(evaluate(model, arrays, truth, plan=plan, engine=engine, checked=asked.check, progress=step))
    name = Path(asked.data).name
    data = data_info(name, arrays, Path(asked.labels or name).name, truth)
    command = shlex.join(["mcusim", "evaluate", *models, *asked.words])
    return report(found, data, None if board is None else board.id, engine, command)


def _judge_accuracy(found: EvaluationReport, min_accuracy: float | None) -> None:
    """Exit status 1, and which in a line, if models are below the accuracy that is asked for."""
    if min_accuracy is None:
        return
    if any(one.accuracy is None for one in found.models):
        raise UnsupportedError("--min-accuracy is about classes; there are no labels that are classes")
    low = [f"{one.model.name} {one.accuracy:.2%}" for one in found.models if (one.accuracy or 0.0) < min_accuracy]
    if low:
        complain(f"below the accuracy of {min_accuracy:.2%} that is asked for: {', '.join(low)}")
        raise typer.Exit(EXIT_NOT_FIT)
