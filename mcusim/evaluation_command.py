"""A report on evaluated models → its texts, and the exit status of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mcusim.command_line import EXIT_NOT_FIT, complain
from mcusim.delivery import Render

if TYPE_CHECKING:
    from mcusim.evaluation import EvaluationReport

EVALUATION_FORMATS = ("text", "json", "svg", "csv", "markdown")


def evaluation_renders(report: EvaluationReport) -> dict[str, Render]:
    """The texts of evaluated models."""
    from mcusim.evaluation import json_text
    from mcusim.renderers import evaluation, evaluation_svg

    return {
        "text": lambda columns, colour: evaluation.text(report, columns),
        "json": lambda columns, colour: json_text(report),
        "svg": lambda columns, colour: evaluation_svg.render(report),
        "csv": lambda columns, colour: evaluation.csv(report),
        "markdown": lambda columns, colour: evaluation.markdown(report),
    }


def judge_evaluation(report: EvaluationReport) -> None:
    """Exit status 1, and why in a line, if no model fits the board, or target code gives other bits."""
    for one in report.models:
        if one.check is not None and one.check.first_difference is not None:
            complain(f"{one.model.name} is not bit-exact: {one.check.first_difference}")
            raise typer.Exit(EXIT_NOT_FIT)
    if report.board is not None and not any(one.board is not None and one.board.fits for one in report.models):
        count = len(report.models)
        words = f"{report.models[0].model.name} does not fit" if count == 1 else f"none of {count} models fits"
        complain(f"{words} on {report.board}")
        raise typer.Exit(EXIT_NOT_FIT)
