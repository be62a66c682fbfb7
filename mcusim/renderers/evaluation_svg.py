"""Evaluated models → SVG: what they are worth against latency, RAM and flash, the fronts drawn, a line a model."""

from __future__ import annotations

from mcusim import figures
from mcusim.evaluation import Evaluation, EvaluationReport
from mcusim.renderers import pareto_plot, svg
from mcusim.renderers.evaluation import error_words, front_words, interval, notes, title
from mcusim.renderers.pareto_plot import Mark, Plot
from mcusim.renderers.svg import CHARACTER, LEFT, RIGHT, WIDTH

TOP, PLOT, BETWEEN = 96, 260, 78
ROW = 18
MARK = 5.0  # half of a mark's width
Y_TICKS = 5
NOTE_CHARACTERS = 140
LEGEND = (("used", "on the front: no other model is worth more for as little"), ("free", "beaten by another model"))


def render(report: EvaluationReport) -> str:
    """The document: a plot an axis below each other, then what the letters stand for."""
    words = title(report)
    parts = [svg.label(LEFT, 30, svg.shortened(words, WIDTH - LEFT - RIGHT), "title"), *svg.legend(LEGEND, LEFT, 58)]
    top = float(TOP)
    drawn = pareto_plot.plots(report)
    if not drawn:
        parts.append(svg.label(LEFT, top, "A front needs two models or more, and labels."))
    for one in drawn:
        parts += _plot(one, top)
        top += PLOT + BETWEEN
    for place, (letter, model) in enumerate(zip(pareto_plot.letters(report), report.models, strict=True)):
        worth = _words(model, report.engine == "estimate")
        parts.append(svg.label(LEFT, top, f"{letter}  {worth}; front: {front_words(report, place)}"))
        top += ROW
    for note in notes(report):
        for line in _lines(note):
            parts.append(svg.label(LEFT, top, line, "faint"))
            top += ROW
    return svg.document(top + ROW, words, parts)


def _plot(plot: Plot, top: float) -> list[str]:
    name = f"{plot.title}{' (logarithmic)' if plot.is_logarithmic else ''}"
    parts = [svg.label(LEFT, top - 8, name)]
    bottom_worth, top_worth = plot.worths
    for step in range(Y_TICKS):
        worth = bottom_worth + (top_worth - bottom_worth) * (step + 0.5) / Y_TICKS
        y = _y(plot, worth, top)
        parts += [
            svg.line(LEFT - 5, y, WIDTH - RIGHT, y, "grid"),
            svg.label(LEFT - 9, y + 4, plot.worth_words(worth), "faint", "end"),
        ]
    for cost in plot.cost_ticks():
        x = _x(plot, cost)
        parts += [
            svg.line(x, top, x, top + PLOT + 5, "grid"),
            svg.label(x, top + PLOT + 20, plot.cost_words(cost), "faint", "middle"),
        ]
    parts += [svg.line(LEFT, top + PLOT, WIDTH - RIGHT, top + PLOT, "frame"), *_front(plot, top)]
    for one in plot.marks:
        parts += _mark(plot, one, top)
    return parts


def _front(plot: Plot, top: float) -> list[str]:
    """What a cost buys at best: level from each model on the front to the next dearer one, then up to it."""
    front = sorted((one for one in plot.marks if one.on_front), key=lambda one: one.cost)
    parts = []
    for one, after in zip(front, [*front[1:], None], strict=True):
        x, y = _x(plot, one.cost), _y(plot, one.worth, top)
        end = _x(plot, after.cost) if after else WIDTH - RIGHT
        parts.append(svg.line(x, y, end, y, "mark"))
        if after:
            parts.append(svg.line(end, y, end, _y(plot, after.worth, top), "mark"))
    return parts


def _mark(plot: Plot, one: Mark, top: float) -> list[str]:
    """A diamond on the front or a small square, the interval of its worth as a line, and the model's letter."""
    x, y = _x(plot, one.cost), _y(plot, one.worth, top)
    hover = f"{one.letter}: {plot.worth_words(one.worth)}, {plot.cost_words(one.cost)}"
    parts = []
    if one.least < one.most:
        parts.append(svg.line(x, _y(plot, one.least, top), x, _y(plot, one.most, top), "frame"))
    if one.on_front:
        size = MARK * 1.4
        parts.append(svg.outline("used", [(x - size, y), (x, y - size), (x + size, y), (x, y + size)], hover))
    else:
        parts.append(svg.rectangle("free", x - MARK, y - MARK, 2 * MARK, 2 * MARK, hover))
    return [*parts, svg.label(x + MARK + 4, y - MARK - 2, one.letter, "small")]


def _x(plot: Plot, cost: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * plot.place(cost)


def _y(plot: Plot, worth: float, top: float) -> float:
    return top + PLOT * (1 - plot.height(worth))


def _words(one: Evaluation, is_estimated: bool) -> str:
    """A model's figures in a line."""
    words = [figures.short(one.model.name, 40)]
    if one.classification:
        found = one.classification
        words.append(f"accuracy {found.accuracy:.1%} ({interval(found)})")
    if one.error is not None:
        words.append(f"mean absolute error {one.error:.4g}")
    if one.board is None:
        return ", ".join([*words, f"{one.model.bytes:,} bytes", f"{one.macs:,} multiply-accumulates"])
    if one.board.latency_s is not None:
        error = "" if one.board.error_percent is None else f" ±{error_words(one.board, is_estimated)}"
        words.append(f"{figures.seconds(one.board.latency_s)}{error}")
    words += [f"RAM {one.board.ram_bytes:,}", f"flash {one.board.flash_bytes:,} bytes"]
    return ", ".join([*words, *([] if one.board.fits else ["does not fit"])])


def _lines(note: str) -> list[str]:
    """A note in lines that are no wider than the plots."""
    room = min(NOTE_CHARACTERS, int((WIDTH - LEFT - RIGHT) / CHARACTER))
    lines = [""]
    for word in note.split():
        if len(lines[-1]) + 1 + len(word) > room and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
