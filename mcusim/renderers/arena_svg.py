"""Report on a model's arena → SVG: lifetimes as rectangles over layers and offsets, holes hatched, the peak marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mcusim import figures
from mcusim.memory_record import BufferInfo, MemoryReport, PlanInfo
from mcusim.record import BufferKind
from mcusim.renderers import svg
from mcusim.renderers.arena_map import lifetime_words
from mcusim.renderers.svg import LEFT, RIGHT, WIDTH

PLOT = 400  # height of a map
HEAD, FOOT = 52, 56  # above and below it
TAIL = 22
MOST_RECTANGLES = 1_500  # of a map: larger buffers first, about 300 bytes each
MOST_NUMBERS = 40  # of layers under a map
NAME, LEAST_NAME = 60, 10

CLASSES: Mapping[BufferKind, str] = {"input or output": "in_out", "intermediate": "intermediate", "scratch": "scratch"}
LEGEND = (
    ("in_out", "input or output"),
    ("intermediate", "intermediate tensor"),
    ("scratch", "scratch"),
    ("hole", "hole: free under a buffer that is alive"),
)


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where a map lies: `top` is the y of its upper edge, `column` the width of a moment."""

    plan: PlanInfo
    top: float
    column: float

    def x(self, moment: int) -> float:
        """Where a moment begins."""
        return LEFT + moment * self.column

    def y(self, offset: int) -> float:
        """Where an offset lies."""
        return self.top + PLOT * (1 - offset / max(self.plan.head_bytes, 1))


def render(report: MemoryReport) -> str:
    """The document: a map for the plan in use, and for each of the others that are to be drawn."""
    tail_y = 66
    parts = [svg.label(LEFT, 30, _title(report), "title"), *_tail(report, tail_y)]
    column = (WIDTH - LEFT - RIGHT) / len(report.live_bytes)
    top = tail_y + TAIL + 8.0
    for planner in report.maps:
        parts += _map(report, _Plot(report.plan(planner), top + HEAD, column))
        top += HEAD + PLOT + FOOT
    parts += svg.legend(LEGEND, LEFT, top + 16)
    return svg.document(top + 36, f"{_title(report)}: the arena over time", parts)


def _title(report: MemoryReport) -> str:
    board = f" on {report.board}" if report.board else ""
    return f"{figures.short(report.model.name, NAME)}{board}: arena of {report.smallest_arena_bytes:,} bytes"


def _tail(report: MemoryReport, y: float) -> list[str]:
    """The persistent data at the arena's end, to a scale of its own."""
    parts = [svg.label(LEFT, y - 7, f"tail: {report.tail_bytes:,} bytes of persistent data, to a scale of their own")]
    x, width = float(LEFT), WIDTH - LEFT - RIGHT
    for number, part in enumerate(report.tail):
        share = width * part.bytes / max(report.tail_bytes, 1)
        kind = ("in_out", "intermediate", "scratch", "free")[number % 4]
        parts.append(svg.rectangle(kind, x, y, share, TAIL, f"{part.kind}: {part.bytes:,} bytes"))
        if words := svg.shortened(f"{part.kind} {part.bytes:,}", share - 8):
            parts.append(svg.label(x + 4, y + 15, words, "small"))
        x += share
    return parts


def _map(report: MemoryReport, plot: _Plot) -> list[str]:
    plan = plot.plan
    used = "in use" if plan.planner == report.in_use else f"an arena of {plan.smallest_arena_bytes:,} bytes"
    words = f"head planned by {plan.planner} ({used}): {plan.head_bytes:,} bytes, {plan.wasted_bytes:,} of them wasted"
    largest = sorted(range(len(report.buffers)), key=lambda index: (-_area(report.buffers[index]), index))
    drawn = [index for index in largest[:MOST_RECTANGLES] if report.buffers[index].last_moment >= 0]
    left_out = len(report.buffers) - len(drawn)
    more = f"; {left_out:,} smaller or unused buffers are not drawn" if left_out else ""
    return [
        svg.label(LEFT, plot.top - 26, words + more),
        *svg.bytes_axis(plan.head_bytes, plot.top, PLOT),
        svg.outline("hole", _skyline(report, plot), "holes: bytes under a buffer that is alive, and nobody's"),
        *(_buffer(report, plot, index) for index in sorted(drawn)),
        *(one for index in sorted(drawn) for one in _name(report, plot, index)),
        *_peak(report, plot),
        *_layers(report, plot),
    ]


def _area(one: BufferInfo) -> int:
    return one.planned_bytes * (one.last_moment - one.first_moment + 1)


def _skyline(report: MemoryReport, plot: _Plot) -> list[tuple[float, float]]:
    """Around everything below the highest buffer that is alive at each moment."""
    tops = np.zeros(len(report.live_bytes), np.int64)
    for offset, one in zip(plot.plan.offsets, report.buffers, strict=True):
        if one.last_moment >= 0:
            span = slice(one.first_moment, one.last_moment + 1)
            tops[span] = np.maximum(tops[span], offset + one.planned_bytes)
    points = [(plot.x(0), plot.y(0))]
    for moment, top in enumerate(tops.tolist()):
        points += [(plot.x(moment), plot.y(top)), (plot.x(moment + 1), plot.y(top))]
    return [*points, (plot.x(len(tops)), plot.y(0))]


def _box(report: MemoryReport, plot: _Plot, index: int) -> tuple[float, float, float, float]:
    """x, y, width and height of a buffer."""
    one, offset = report.buffers[index], plot.plan.offsets[index]
    above = plot.y(offset + one.planned_bytes)
    width = plot.column * (one.last_moment - one.first_moment + 1)
    return plot.x(one.first_moment), above, width, plot.y(offset) - above


def _buffer(report: MemoryReport, plot: _Plot, index: int) -> str:
    one = report.buffers[index]
    hover = (
        f"{figures.short(one.name, NAME)}\n{one.kind}, {lifetime_words(one.first_moment, one.last_moment)}"
        f"{_operators(report, one)}\n{one.bytes:,} bytes ({one.planned_bytes:,} with padding) at "
        f"{plot.plan.offsets[index]:,}"
    )
    return svg.rectangle(CLASSES[one.kind], *_box(report, plot, index), hover)


def _operators(report: MemoryReport, one: BufferInfo) -> str:
    """The first and the last operator that it lives in."""
    layers = report.model.layers
    ends = dict.fromkeys(layers[moment - 1].op for moment in (one.first_moment, one.last_moment) if moment > 0)
    return f" ({' … '.join(ends)})" if ends else ""


def _name(report: MemoryReport, plot: _Plot, index: int) -> Sequence[str]:
    """What fits into a buffer's rectangle: its bytes, and the end of its name, which tells most."""
    one = report.buffers[index]
    x, y, width, height = _box(report, plot, index)
    room = int((width - 8) / svg.CHARACTER)
    if height < 14 or room < 5:
        return ()
    size, middle = f"{one.bytes:,}", y + height / 2
    name = figures.short(one.name, room) if room >= LEAST_NAME else ""
    if name and height >= 30:
        return svg.label(x + 5, middle - 2, name, "small"), svg.label(x + 5, middle + 12, size, "small")
    both = f"{name} {size}"
    words = both if name and len(both) <= room else svg.shortened(size, width - 8)
    return (svg.label(x + 5, middle + 4, words, "small"),)


def _peak(report: MemoryReport, plot: _Plot) -> list[str]:
    """A line at the head's end, and a frame around the moments at which the most is alive."""
    runs: list[list[int]] = []
    for moment in report.fullest:
        if runs and runs[-1][-1] == moment - 1:
            runs[-1].append(moment)
        else:
            runs.append([moment])
    where = report.moment_words(report.fullest[0])
    words = f"peak {plot.plan.head_bytes:,} bytes; most alive, {report.live_bound_bytes:,}, {where}"
    more = f" and {len(report.fullest) - 1} more (framed)" if len(report.fullest) > 1 else " (framed)"
    return [
        svg.line(LEFT, plot.top, WIDTH - RIGHT, plot.top, "mark"),
        *(svg.rectangle("band", plot.x(run[0]), plot.top, plot.column * len(run), PLOT) for run in runs),
        svg.label(WIDTH - RIGHT, plot.top - 6, words + more, "alarm", "end"),
    ]


def _layers(report: MemoryReport, plot: _Plot) -> list[str]:
    """Numbers under the map, as many as there is room for, each to hover over."""
    moments = len(report.live_bytes)
    step = -(-moments // MOST_NUMBERS)
    parts = [svg.line(LEFT, plot.top + PLOT, WIDTH - RIGHT, plot.top + PLOT, "frame")]
    for moment in range(0, moments, step):
        x, y = plot.x(moment), plot.top + PLOT
        words = "in" if moment == 0 else f"{moment - 1}"
        name = "before the first layer" if moment == 0 else _layer_words(report, moment - 1)
        hover = f"{name}\n{report.live_bytes[moment]:,} bytes alive"
        parts.append(svg.label(x + plot.column / 2, y + 16, svg.shortened(words, plot.column + 12), "faint", "middle"))
        parts.append(svg.rectangle("hover", x, y, plot.column, 22, hover))
    return [*parts, svg.label(LEFT, plot.top + PLOT + 34, "layer")]


def _layer_words(report: MemoryReport, layer: int) -> str:
    one = report.model.layers[layer]
    return f"layer {layer}: {one.op}, {figures.short(one.name, NAME)}"
