"""Report on a model's arena → a map of a plan over time for the terminal: layers to the right, offsets upwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mcusim import figures, tables
from mcusim.memory_record import MemoryReport, PlanInfo
from mcusim.record import BufferKind

ROWS = 16
MOST_COLUMNS, MOST_CELLS = 160, 12  # of the map, and of one moment where there are few
NAME_CELLS = 34
LETTERS = "ABCDEFGH"
DIGITS = "123456789"

# Told apart by how dark they are, not by colour. A hole lies under a buffer that is alive, what is free above all.
KINDS: Mapping[BufferKind, str] = {"input or output": "▓", "intermediate": "█", "scratch": "▒"}
HOLE, FREE = "×", "·"
LEGEND: Mapping[str, str] = {
    "▓": "input, output",
    "█": "intermediate",
    "▒": "scratch",
    HOLE: "hole",
    FREE: "free",
    "▼": "fullest",
}
# The left edge and the top of a buffer of full blocks, so that neighbours do not become one.
EDGES: Mapping[str, tuple[str, str]] = {"█": ("▐", "▇")}
STYLES: Mapping[str, str] = {"▓": "36", "█": "32", "▒": "33", HOLE: "1;31", FREE: "2", "▼": "1;31"}  # ANSI
TAIL_STYLES = ("35", "34", "36", "32", "33")

# A cell shows a buffer, by its number, or one of these.
_IS_FREE, _IS_HOLE = -1, -2
_Cells = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Frame:
    """How a plan lies in cells: `moments` are what the columns show, `edges` where their groups of moments begin.

    Each column is `cells` wide, `labels` cells are left for bytes beside the map, a row is `row_bytes`.
    """

    moments: tuple[int, ...]
    edges: tuple[int, ...]
    cells: int
    labels: int
    rows: int
    row_bytes: float


def arena_map(report: MemoryReport, planner: str, width: int = 80, colour: bool = False) -> str:
    """The map of a planner's plan, of the one in use with the tail above it.

    At most `width` columns, ANSI colours only if asked for; for a plan like the one in use only that it is the same.
    """
    is_used = planner == report.in_use
    if not is_used and report.plan(planner).offsets == report.plan(report.in_use).offsets:
        return f"the same plan as that of {report.in_use}\n"
    plan = report.plan(planner)
    frame = _frame(report, plan, width)
    cells = _cells(report, plan, frame)
    letters = dict(_letters(report, plan, frame))
    lines = [
        *(_tail(report, frame, width, colour) if is_used else []),
        f"{'peak':>{frame.labels}}  {_peaks(report, frame, colour)}",
        *_grid(report, frame, cells, {place: letter for letter, (_, place) in letters.items()}, colour),
        f"{0:>{frame.labels}} └{'─' * (len(frame.moments) * frame.cells)}",
        f"{'layer':>{frame.labels}}  {_numbers(frame)}",
        *_legend(width, colour),
        *(f"{letter} {_buffer_words(report, plan, index, width - 2)}" for letter, (index, _) in letters.items()),
    ]
    return "".join(line.rstrip() + "\n" for line in lines)


def lifetime_words(first: int, last: int) -> str:
    """From which to which layer a buffer lives, by its moments."""
    if last < 0:
        return "never used"
    begin, end = (f"{moment - 1}" if moment else "input" for moment in (first, last))
    if begin == end:
        return f"layer {end}" if last else "before layer 0"
    return f"layers {begin} to {end}" if first else f"up to layer {end}"


def _frame(report: MemoryReport, plan: PlanInfo, width: int) -> _Frame:
    """A column for each moment, or for a group of them where there are too many: it shows the fullest of them."""
    labels = max(len(f"{plan.head_bytes:,}"), len("layer"))
    room = max(20, min(width - labels - 2, MOST_COLUMNS))
    moments = len(report.live_bytes)
    columns = min(moments, room)
    edges = tuple(moments * column // columns for column in range(columns + 1))
    shown = tuple(max(range(*span), key=lambda moment: report.live_bytes[moment]) for span in pairwise(edges))
    rows = min(ROWS, max(plan.head_bytes // 16, 1))
    return _Frame(shown, edges, min(room // columns, MOST_CELLS), labels, rows, max(plan.head_bytes, 1) / rows)


def _cells(report: MemoryReport, plan: PlanInfo, frame: _Frame) -> _Cells:
    """What each cell shows: a row of cells for each column, from the bottom up."""
    columns = []
    for moment in frame.moments:
        alive = report.alive(moment)
        spans = [(plan.offsets[one], plan.offsets[one] + report.buffers[one].planned_bytes, one) for one in alive]
        columns.append(_column(spans, frame))
    return np.array(columns)


def _column(spans: Sequence[tuple[int, int, int]], frame: _Frame) -> list[int]:
    """What takes the most of each cell of a moment, `spans` being its buffers: begin, end, number."""
    edges = np.arange(frame.rows + 1) * frame.row_bytes
    everything = [*spans, *_gaps(spans, int(edges[-1]) + 1)]
    ends = np.array([(begin, end) for begin, end, _ in everything])
    shares = np.minimum(edges[1:, None], ends[:, 1]) - np.maximum(edges[:-1, None], ends[:, 0])
    return [everything[index][2] for index in shares.argmax(axis=1)]


def _gaps(spans: Sequence[tuple[int, int, int]], end: int) -> Iterator[tuple[int, int, int]]:
    """Holes between and under buffers, and what is free above them."""
    top = 0
    for begin, above, _ in sorted(spans):
        if begin > top:
            yield top, begin, _IS_HOLE
        top = max(top, above)
    yield top, max(end, top), _IS_FREE


def _letters(report: MemoryReport, plan: PlanInfo, frame: _Frame) -> Iterator[tuple[str, tuple[int, tuple[int, int]]]]:
    """The largest buffers, each with a letter, its number, and the (column, row) where the letter stands."""
    order = sorted(range(len(report.buffers)), key=lambda index: (-report.buffers[index].planned_bytes, index))
    for letter, index in zip(LETTERS, order, strict=False):
        one = report.buffers[index]
        columns = (column for column, at in enumerate(frame.moments) if one.first_moment <= at <= one.last_moment)
        column = next(columns, None)
        if column is not None and one.planned_bytes >= frame.row_bytes / 2:
            middle = plan.offsets[index] + one.planned_bytes / 2
            yield letter, (index, (column, min(int(middle / frame.row_bytes), frame.rows - 1)))


def _grid(
    report: MemoryReport, frame: _Frame, cells: _Cells, letters: Mapping[tuple[int, int], str], colour: bool
) -> list[str]:
    lines = []
    for row in range(frame.rows - 1, -1, -1):
        is_labelled = (frame.rows - 1 - row) % 4 == 0
        label = f"{round(frame.row_bytes * (row + 1)):,}" if is_labelled else ""
        texts = []
        for column in range(len(frame.moments)):
            fill, text = _cell(report, frame, cells, column, row)
            if (column, row) in letters and fill not in (HOLE, FREE):
                at = 1 if frame.cells > 2 else 0  # behind the left edge, where there is one
                text = text[:at] + letters[column, row] + text[at + 1 :]
            texts.append((text, STYLES[fill]))
        lines.append(f"{label:>{frame.labels}} ┤{_painted(texts, colour)}")
    return lines


def _cell(report: MemoryReport, frame: _Frame, cells: _Cells, column: int, row: int) -> tuple[str, str]:
    """What fills a cell, and its text, with the edges of buffers."""
    number = int(cells[column, row])
    if number < 0:
        fill = FREE if number == _IS_FREE else HOLE
        return fill, fill * frame.cells
    fill = KINDS[report.buffers[number].kind]
    left, top = EDGES.get(fill, (fill, fill))
    below, above = (int(cells[column, at]) if 0 <= at < frame.rows else _IS_FREE for at in (row - 1, row + 1))
    text = (top if below == number != above >= 0 else fill) * frame.cells
    if frame.cells > 2 and column and cells[column - 1, row] != number and cells[column - 1, row] >= 0:
        text = left + text[1:]
    return fill, text


def _peaks(report: MemoryReport, frame: _Frame, colour: bool) -> str:
    """Marks over the columns with a moment at which the most is alive."""
    marked = [any(begin <= moment < end for moment in report.fullest) for begin, end in pairwise(frame.edges)]
    return _painted([(("▼" if one else " ") * frame.cells, STYLES["▼"]) for one in marked], colour)


def _numbers(frame: _Frame) -> str:
    """Numbers of layers under their columns, as many as there is room for; "in" is before the first."""
    line, free_from = "", 0
    for column, moment in enumerate(frame.edges[:-1]):
        at, text = column * frame.cells, f"{moment - 1}" if moment else "in"
        if at >= free_from and at + len(text) <= len(frame.moments) * frame.cells:
            line = f"{line:<{at}}{text}"
            free_from = len(line) + 1
    return line


def _legend(width: int, colour: bool) -> list[str]:
    """What the fills mean, in as many lines as it takes."""
    lines = _joined([f"{fill} {words}" for fill, words in LEGEND.items()], width, 0)
    if not colour:
        return lines
    styled = str.maketrans({fill: _painted([(fill, STYLES[fill])], colour) for fill in LEGEND})
    return [line.translate(styled) for line in lines]


def _buffer_words(report: MemoryReport, plan: PlanInfo, index: int, room: int) -> str:
    one = report.buffers[index]
    words = f"{one.bytes:,} at {plan.offsets[index]:,}, {lifetime_words(one.first_moment, one.last_moment)}"
    name = tables.safe(figures.short(one.name, max(min(NAME_CELLS, room - len(words) - 2), 8)))
    return f"{name}  {words}"


def _tail(report: MemoryReport, frame: _Frame, width: int, colour: bool) -> list[str]:
    """The persistent data at the arena's end as a strip to scale, its parts numbered."""
    parts = [(part.kind, part.bytes) for part in report.tail[: len(DIGITS) - 1]]
    rest = report.tail_bytes - sum(size for _, size in parts)
    parts += [("others", rest)] * (rest > 0)
    room = max(20, min(width - frame.labels - 2, MOST_COLUMNS))
    texts, at, total = [], 0, 0
    for number, (_, size) in enumerate(parts):
        total += size
        end = round(room * total / max(report.tail_bytes, 1))
        texts.append((DIGITS[number] * (end - at), TAIL_STYLES[number % len(TAIL_STYLES)]))
        at = end
    words = [f"{DIGITS[number]} {tables.safe(kind)} {size:,}" for number, (kind, size) in enumerate(parts)]
    return [f"{'tail':>{frame.labels}} ┤{_painted(texts, colour)}", *_joined(words, width, frame.labels + 2)]


def _joined(words: Sequence[str], width: int, indent: int) -> list[str]:
    """Words side by side, three spaces apart, in as many lines as they need."""
    lines: list[str] = []
    for word in words:
        if lines and tables.cells(lines[-1]) + 3 + tables.cells(word) <= width:
            lines[-1] += f"   {word}"
        else:
            lines.append(f"{'':>{indent}}{word}")
    return lines


def _painted(texts: Sequence[tuple[str, str]], colour: bool) -> str:
    """Texts in their ANSI styles, one sequence for neighbours of the same style."""
    if not colour:
        return "".join(text for text, _ in texts)
    merged: list[tuple[str, str]] = []
    for text, style in texts:
        if merged and merged[-1][1] == style:
            merged[-1] = merged[-1][0] + text, style
        elif text:
            merged.append((text, style))
    return "".join(f"\x1b[{style}m{text}\x1b[0m" for text, style in merged)
