"""Evaluated models → plots of what they are worth against what they cost, with the front told from the others."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mcusim import figures
from mcusim.evaluation import Evaluation, EvaluationReport, Front
from mcusim.pareto import FrontAxis

ROWS = 12
LABEL_COLUMNS = 8  # of the vertical axis
LEAST_COLUMNS, MOST_COLUMNS = 30, 100
LOGARITHMIC_FROM = 20  # times between the cheapest and the dearest point
TICKS = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A model: its letter, what it is worth, between what limits, and what it costs."""

    letter: str
    worth: float
    least: float
    most: float
    cost: float
    on_front: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """Marks against an axis; more worth is further up."""

    axis: FrontAxis
    title: str
    worth_words: Callable[[float], str]
    cost_words: Callable[[float], str]
    marks: tuple[Mark, ...]

    @property
    def worths(self) -> tuple[float, float]:
        """The worths at the bottom and the top, apart from each other."""
        least, most = min(one.least for one in self.marks), max(one.most for one in self.marks)
        margin = 0.05 * (most - least) or max(abs(most), 1.0) * 0.05
        return least - margin, most + margin

    @property
    def is_logarithmic(self) -> bool:
        """Whether costs are so far apart that equal steps are equal ratios."""
        costs = [one.cost for one in self.marks]
        return 0 < min(costs) * LOGARITHMIC_FROM < max(costs)

    def place(self, cost: float) -> float:
        """Where a cost lies, 0 at the left and 1 at the right."""
        costs = [one.cost for one in self.marks]
        if self.is_logarithmic:
            least, most = min(costs) / 1.5, max(costs) * 1.5
            return math.log(cost / least) / math.log(most / least)
        return cost / (max(costs) * 1.1 or 1.0)

    def height(self, worth: float) -> float:
        """Where a worth lies, 0 at the bottom and 1 at the top."""
        bottom, top = self.worths
        return (worth - bottom) / (top - bottom)

    def cost_ticks(self) -> list[float]:
        """Costs at round places of the axis, the dearest mark's among the last."""
        costs = [one.cost for one in self.marks]
        if self.is_logarithmic:
            ratio = max(costs) / min(costs)
            return [min(costs) * ratio ** (step / (TICKS - 1)) for step in range(TICKS)]
        return [max(costs) * step / (TICKS - 1) for step in range(TICKS)]


_TITLES: Mapping[FrontAxis, str] = {
    "latency": "latency",
    "ram": "RAM, bytes",
    "flash": "flash, bytes",
    "file": "model file, bytes",
    "macs": "multiply-accumulates",
}


def letters(report: EvaluationReport) -> Sequence[str]:
    """A letter a model."""
    return string.ascii_uppercase[: len(report.models)]


def plots(report: EvaluationReport) -> list[Plot]:
    """A plot an axis: latency, RAM and flash on a board, else the file and its multiply-accumulates."""
    there = {one.axis for one in report.fronts}
    board = [axis for axis in ("latency", "ram", "flash") if axis in there]
    return [_plot(report, one) for one in report.fronts if one.axis in board or not board]


def _plot(report: EvaluationReport, found: Front) -> Plot:
    is_error = report.models[0].regression is not None
    marks = []
    for place, (letter, one) in enumerate(zip(letters(report), report.models, strict=True)):
        cost = cost_of(one, found.axis)
        if cost is not None:
            marks.append(Mark(letter, *_worth(one), cost, place in found.models))
    what = "mean absolute error" if is_error else "accuracy"
    return Plot(
        axis=found.axis,
        title=f"{what} against {_TITLES[found.axis]}",
        worth_words=(lambda worth: f"{-worth:.3g}") if is_error else (lambda worth: f"{worth:.1%}"),
        cost_words=figures.seconds if found.axis == "latency" else (lambda cost: f"{cost:,.0f}"),
        marks=tuple(marks),
    )


def _worth(one: Evaluation) -> tuple[float, float, float]:
    """What a model is worth, and the least and the most that it may be."""
    if one.classification:
        return one.classification.accuracy, one.classification.least_accuracy, one.classification.most_accuracy
    error = one.error or 0.0
    return -error, -error, -error


def cost_of(one: Evaluation, axis: FrontAxis) -> float | None:
    """What a model costs on an axis; None where that is not known."""
    if axis == "file":
        return one.model.bytes
    if axis == "macs":
        return one.macs
    if one.board is None:
        return None
    return {"latency": one.board.latency_s, "ram": one.board.ram_bytes, "flash": one.board.flash_bytes}[axis]


def text(plot: Plot, width: int) -> str:
    """The plot in characters: capitals on the front, which dots follow, small letters of models that are beaten."""
    columns = min(max(width - LABEL_COLUMNS - 2, LEAST_COLUMNS), MOST_COLUMNS)
    cells = [[" "] * columns for _ in range(ROWS)]
    _draw_front(plot, cells)
    shared = _draw_marks(plot, cells)
    bottom, top = plot.worths
    lines = [f"{plot.title}{' (logarithmic)' if plot.is_logarithmic else ''}"]
    for row, cell in enumerate(cells):
        worth = top - (top - bottom) * (row + 0.5) / ROWS
        words = plot.worth_words(worth) if row % 3 == 1 else ""
        lines.append(f"{words:>{LABEL_COLUMNS}} │{''.join(cell)}".rstrip())
    lines.append(" " * LABEL_COLUMNS + " └" + "─" * columns)
    lines.append(_ticks(plot, columns))
    lines += [f"{' ' * LABEL_COLUMNS}  * is {', '.join(several)}" for several in shared]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _cell(plot: Plot, worth: float, cost: float, cells: Sequence[Sequence[str]]) -> tuple[int, int]:
    row = int((1 - plot.height(worth)) * ROWS)
    column = int(plot.place(cost) * len(cells[0]))
    return min(max(row, 0), ROWS - 1), min(max(column, 0), len(cells[0]) - 1)


def _draw_front(plot: Plot, cells: list[list[str]]) -> None:
    """What a cost buys at best: from each model on the front on to the next dearer one."""
    front = sorted((one for one in plot.marks if one.on_front), key=lambda one: one.cost)
    for one, after in zip(front, [*front[1:], None], strict=True):
        row, column = _cell(plot, one.worth, one.cost, cells)
        upper, end = _cell(plot, after.worth, after.cost, cells) if after else (row, len(cells[0]) - 1)
        for place in range(column, end + 1):
            cells[row][place] = "·"
        for place in range(min(upper, row), row):
            cells[place][end] = "·"


def _draw_marks(plot: Plot, cells: list[list[str]]) -> list[list[str]]:
    """The letters; those that share a cell are given back."""
    at: dict[tuple[int, int], list[str]] = {}
    for one in plot.marks:
        letter = one.letter if one.on_front else one.letter.lower()
        at.setdefault(_cell(plot, one.worth, one.cost, cells), []).append(letter)
    for (row, column), found in at.items():
        cells[row][column] = found[0] if len(found) == 1 else "*"
    return [found for found in at.values() if len(found) > 1]


def _ticks(plot: Plot, columns: int) -> str:
    """Costs below the axis, each ending at its place."""
    line = ""
    for cost in plot.cost_ticks():
        words = plot.cost_words(cost)
        begin = LABEL_COLUMNS + 2 + int(plot.place(cost) * columns) - len(words) // 2
        if begin > len(line) or not line:
            line = f"{line:{max(begin, 0)}}{words}"
    return line
