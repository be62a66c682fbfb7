"""Evaluated models → a table, plots of the fronts, classes and their confusion; also as CSV and Markdown."""

from __future__ import annotations

import csv as comma_separated
import io
import textwrap
from collections.abc import Sequence

from mcusim import figures, markdown_text, tables
from mcusim.evaluation import BoardFigures, Classification, Evaluation, EvaluationReport, OutputStatistics
from mcusim.renderers import pareto_plot
from mcusim.renderers.csv import written

MOST_CONFUSION_COLUMNS = 24  # classes whose confusion is printed; JSON has those of more
NAME_CHARACTERS = 20
NOTABLE_CLAMPED = 0.001  # share of the values
FRONT_WORDS = {"latency": "L", "ram": "R", "flash": "F", "file": "B", "macs": "M"}
FRONT_LEGEND = "L latency, R RAM, F flash; without a board B file bytes, M multiply-accumulates"


def text(report: EvaluationReport, width: int = 80) -> str:
    """The table of the models, then plots of several or the classes of one, and what the figures rest on."""
    parts = [tables.safe(title(report)) + "\n", _table(report, width)]
    if len(report.models) > 1:
        parts += [pareto_plot.text(one, width) for one in pareto_plot.plots(report)]
    elif report.models[0].classification:
        parts += _classes(report.models[0].classification, width)
    parts.append("".join(_wrapped(note, width) for note in notes(report)))
    return "\n".join(part for part in parts if part)


def title(report: EvaluationReport) -> str:
    """Which models on which samples and board."""
    count = len(report.models)
    what = report.models[0].model.name if count == 1 else f"{count} models"
    where = f", and on {report.board}" if report.board else ""
    return f"{what} on {report.data.count:,} samples of {report.data.samples}{where}"


def _wrapped(words: str, width: int) -> str:
    return textwrap.fill(tables.safe(words), max(width, 40), subsequent_indent="  ") + "\n"


def _table(report: EvaluationReport, width: int) -> str:
    """The table; where the two errors of estimated figures are too wide for it, they stand in words below it."""
    table = _grid(report, width, True)
    if report.engine != "estimate" or max(tables.cells(line) for line in table.splitlines()) <= width:
        return table
    letters: dict[str, list[str]] = {}
    for letter, one in zip(pareto_plot.letters(report), report.models, strict=True):
        if one.board and one.board.error_percent is not None:
            letters.setdefault(error_words(one.board, True), []).append(letter)
    several = len(report.models) > 1
    errors = "; ".join(f"{', '.join(of)}: {words}" if several else words for words, of in letters.items())
    below = _wrapped(f"± of latency and energy: {errors}", width) if errors else ""
    return _grid(report, width, False) + below


def _grid(report: EvaluationReport, width: int, has_errors: bool) -> str:
    several = len(report.models) > 1
    headers = ["model", ">accuracy", ">95 % interval"]
    if report.models[0].regression:
        headers[-2:] = [">mean |error|", ">r.m.s.", ">largest"]
    elif report.models[0].classification is None:
        del headers[-2:]
    headers += [">latency", ">±", ">RAM", ">flash", ">energy"] if report.board else [">file", ">MACs"]
    headers += [">front"] if several else []
    is_estimated = report.engine == "estimate"
    rows = []
    for place, (letter, one) in enumerate(zip(pareto_plot.letters(report), report.models, strict=True)):
        name = figures.short(one.model.name, NAME_CHARACTERS)
        row = [f"{letter} {name}" if several else name, *_worth_cells(one)]
        row += _board_cells(one.board, is_estimated) if report.board else [f"{one.model.bytes:,}", f"{one.macs:,}"]
        rows.append(row + ([front_words(report, place)] if several else []))
    if not has_errors:
        column = headers.index(">±")
        headers, *rows = [[*row[:column], *row[column + 1 :]] for row in (headers, *rows)]
    return tables.grid(headers, rows, width)


def front_words(report: EvaluationReport, place: int) -> str:
    """The axes on whose fronts a model is, a dash where there is none."""
    shown = {one.axis for one in pareto_plot.plots(report)}
    on = [FRONT_WORDS[one.axis] for one in report.fronts if place in one.models and one.axis in shown]
    return "".join(on) or "–"


def _worth_cells(one: Evaluation) -> list[str]:
    if one.classification:
        found = one.classification
        return [f"{found.accuracy:.1%}", interval(found)]
    if one.regression:
        errors = one.regression
        return [
            f"{value:.4g}"
            for value in (errors.mean_absolute_error, errors.root_mean_square_error, errors.largest_error)
        ]
    return []


def interval(found: Classification) -> str:
    """The interval of an accuracy, in percent."""
    return f"{100 * found.least_accuracy:.1f}–{found.most_accuracy:.1%}"


def error_words(board: BoardFigures, is_estimated: bool) -> str:
    """The error to expect of latency and energy; of estimated ones that from emulation, then emulation's own."""
    if board.error_percent is None:
        return "?"
    words = f"{board.error_percent:.2g}%"
    return f"{words} of emulation, {_own_error(board)}" if is_estimated else words


def _own_error(board: BoardFigures) -> str:
    """The error of emulation from boards, or in two words that none is known."""
    if board.emulation_error_percent is None:
        return (board.emulation_error_percent_reason or "not validated").partition(":")[0]
    return f"±{board.emulation_error_percent:.2g}%"


def _board_cells(board: BoardFigures | None, is_estimated: bool) -> list[str]:
    if board is None:
        return ["–"] * 5
    ram, flash = f"{board.ram_bytes:,}", f"{board.flash_bytes:,}"
    return [
        "?" if board.latency_s is None else figures.seconds(board.latency_s),
        error_words(board, is_estimated),
        ram + ("!" if board.ram_bytes > board.ram_available_bytes else ""),
        flash + ("!" if board.flash_bytes > board.flash_available_bytes else ""),
        "?" if board.energy_j is None else figures.joules(board.energy_j),
    ]


def _classes(found: Classification, width: int) -> list[str]:
    """A row a class, and how often it is found as which."""
    headers = ["class", ">samples", ">precision", ">recall", ">F1"]
    rows = [
        [str(number), f"{one.samples:,}", *(_share(value) for value in (one.precision, one.recall, one.f1))]
        for number, one in enumerate(found.classes)
    ]
    parts = [tables.grid(headers, rows, width)]
    if found.confusion is not None and len(found.confusion) <= MOST_CONFUSION_COLUMNS:
        parts.append(_confusion(found.confusion, width))
    return parts


def _confusion(rows: Sequence[Sequence[int]], width: int) -> str:
    """A row a class, a column a class that is found, a point where there is none; a sentence where it has no room."""
    room = max(max(len(f"{count:,}") for row in rows for count in row), len(str(len(rows) - 1))) + 1
    if 14 + room * len(rows) > width:
        return f"The confusion of {len(rows)} classes needs {14 + room * len(rows)} columns; JSON and CSV have it.\n"
    head = "class \\ found " + "".join(f"{number:>{room}}" for number in range(len(rows)))
    lines = [
        f"{number:>13} " + "".join(f"{f'{count:,}' if count else '·':>{room}}" for count in row)
        for number, row in enumerate(rows)
    ]
    return "\n".join([head, *lines]) + "\n"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def notes(report: EvaluationReport) -> list[str]:
    """What the figures rest on, and what is notable."""
    found = []
    for one in report.models:
        top = one.classification.top if one.classification else ()
        if top:
            words = ", ".join(f"{each.correct / one.samples:.1%} top-{each.k}" for each in top)
            found.append(f"{one.model.name}: {words}")
        if one.regression:
            baseline = one.regression.baseline_mean_absolute_error
            found.append(f"{one.model.name}: always saying the mean target has a mean absolute error of {baseline:.4g}")
        if one.classification is None and one.regression is None:
            found += [_output_words(one, output) for output in one.outputs]
        if one.clamped > NOTABLE_CLAMPED * one.values:
            found.append(
                f"{one.model.name}: {one.clamped / one.values:.1%} of the input values are beyond what its input "
                f"represents, {_input_range(one)}, and are clamped; are the samples scaled as in training?"
            )
        found += _board_notes(one)
    found += [f"Front, what no other model beats: {FRONT_LEGEND}."] if len(report.models) > 1 else []
    if report.engine == "estimate":
        found.append("Cycles are estimated by cost formulas; nothing was executed.")
    errors = {words: None for one in report.models if one.board and (words := _error_words(one.board))}
    return [*found, *errors]


def _output_words(one: Evaluation, output: OutputStatistics) -> str:
    limits = f", {output.saturated / output.values:.1%} at a limit of the type" if output.saturated else ""
    return (
        f"{one.model.name}: output {figures.short(output.name, 40)}: {output.least:.4g} to {output.most:.4g}, mean "
        f"{output.mean:.4g}, standard deviation {output.deviation:.4g}{limits}"
    )


def _input_range(one: Evaluation) -> str:
    """The real values that the first quantized input represents."""
    for tensor in one.model.inputs:
        if tensor.scale is not None and tensor.zero_point is not None:
            bits = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-(2**15), 2**15 - 1)}.get(tensor.dtype, (0, 0))
            least, most = ((limit - tensor.zero_point) * tensor.scale for limit in bits)
            return f"{least:.4g} to {most:.4g}"
    return "the limits of its type"


def _board_notes(one: Evaluation) -> list[str]:
    found = []
    if one.board and one.board.reasons:
        found.append(f"{one.model.name} does not fit: {'; '.join(one.board.reasons)}")
    if one.board and one.board.cycles_reason:
        found.append(f"{one.model.name}: no cycles: {one.board.cycles_reason}")
    if one.check and one.check.first_difference:
        wrong = one.check.samples - one.check.bit_exact
        found.append(
            f"{one.model.name}: target code DIFFERS from the reference in {wrong} of {one.check.samples} samples; "
            f"{one.check.first_difference}"
        )
    elif one.check:
        count = one.check.samples
        found.append(
            f"{one.model.name}: {'the first sample' if count == 1 else f'the first {count:,} samples'} also ran as "
            "target code, bit-exact in every layer"
        )
    return found


def _error_words(board: BoardFigures) -> str:
    if board.latency_s is None:
        return ""
    if board.error_percent is None:
        return f"± of latency and energy: {board.error_percent_reason}"
    return f"± of latency and energy: {board.error_source}"


_COLUMNS = (
    "model",
    "sha256",
    "samples",
    "accuracy",
    "least_accuracy",
    "most_accuracy",
    "mean_absolute_error",
    "root_mean_square_error",
    "file_bytes",
    "macs",
    "board",
    "fits",
    "cycles",
    "latency_s",
    "error_percent",
    "emulation_error_percent",
    "energy_j",
    "ram_bytes",
    "flash_bytes",
    "arena_bytes",
    "checked",
    "bit_exact",
    "fronts",
)


def csv(report: EvaluationReport) -> str:
    """A row a model; what is not known is empty, but emulation's error says that it is not."""
    stream = io.StringIO()
    writer = comma_separated.writer(stream)
    writer.writerow(_COLUMNS)
    for place, one in enumerate(report.models):
        found, errors, board, ran = one.classification, one.regression, one.board, one.check
        worth = (found.accuracy, found.least_accuracy, found.most_accuracy) if found else (None,) * 3
        distance = (errors.mean_absolute_error, errors.root_mean_square_error) if errors else (None,) * 2
        costs = _costs(board) if board else (None,) * 6
        sizes = (board.ram_bytes, board.flash_bytes, board.arena_bytes) if board else (None,) * 3
        on = " ".join(each.axis for each in report.fronts if place in each.models)
        checks = (ran.samples, ran.bit_exact) if ran else (None,) * 2
        facts = (
            one.model.name,
            one.model.sha256,
            one.samples,
            *worth,
            *distance,
            one.model.bytes,
            one.macs,
            report.board,
        )
        writer.writerow([written(value) for value in (*facts, *costs, *sizes, *checks, on)])
    return stream.getvalue()


def _costs(board: BoardFigures) -> tuple[bool | int | float | str | None, ...]:
    own: float | str | None = board.emulation_error_percent
    if own is None and board.cycles is not None:
        own = _own_error(board)
    return board.fits, board.cycles, board.latency_s, board.error_percent, own, board.energy_j


def markdown(report: EvaluationReport) -> str:
    """The table of the models and what the figures rest on."""
    headers = ["", "model", ">accuracy", ">95 % interval"]
    if report.models[0].regression:
        headers[2:] = [">mean abs. error", ">r.m.s.", ">largest"]
    elif report.models[0].classification is None:
        del headers[2:]
    headers += [">latency", ">±", ">RAM", ">flash", ">energy"] if report.board else [">file", ">MACs"]
    is_estimated = report.engine == "estimate"
    rows = []
    for place, (letter, one) in enumerate(zip(pareto_plot.letters(report), report.models, strict=True)):
        costs = _board_cells(one.board, is_estimated) if report.board else [f"{one.model.bytes:,}", f"{one.macs:,}"]
        cells = [*_worth_cells(one), *costs, front_words(report, place)]
        rows.append([letter, markdown_text.code(one.model.name), *cells])
    listed = "".join(f"- {markdown_text.escaped(note)}\n" for note in notes(report))
    head = markdown_text.escaped(title(report))
    return f"### {head}\n\n{markdown_text.table([*headers, 'front'], rows)}\n{listed}"
