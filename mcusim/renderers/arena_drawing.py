"""Buffers of an arena over time → parts of a picture: rectangles over layers and offsets, holes hatched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mcusim import figures
from mcusim.memory_record import BufferInfo
from mcusim.record import BufferKind
from mcusim.renderers import svg
from mcusim.renderers.arena_map import lifetime_words
from mcusim.renderers.svg import LEFT, RIGHT, WIDTH

PLOT = 400  # height of a map
HEAD, FOOT = 52, 56  # above and below it
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
class ArenaMap:
    """What is drawn, under `words`: buffers with an offset each, and the bytes alive at each moment.

    `head_bytes` is the end of the highest buffer, `most_alive_bytes` what the title of the peak says. `layers` are
    (operator, name), none where they are not known; `top` is the y of the map's upper edge.
    """

    words: str
    buffers: Sequence[BufferInfo]
    offsets: Sequence[int]
    live_bytes: Sequence[int]
    head_bytes: int
    most_alive_bytes: int
    layers: Sequence[tuple[str, str]]
    top: float

    @property
    def fullest(self) -> tuple[int, ...]:
        """The moments at which the most is alive."""
        most = max(self.live_bytes)
        return tuple(moment for moment, count in enumerate(self.live_bytes) if count == most)

    @property
    def column(self) -> float:
        """The width of a moment."""
        return (WIDTH - LEFT - RIGHT) / len(self.live_bytes)

    def x(self, moment: int) -> float:
        """Where a moment begins."""
        return LEFT + moment * self.column

    def y(self, offset: int) -> float:
        """Where an offset lies."""
        return self.top + PLOT * (1 - offset / max(self.head_bytes, 1))

    def op(self, moment: int) -> str | None:
        """The operator of the layer of a moment, None where there is none or it is not known."""
        return self.layers[moment - 1][0] if 0 < moment <= len(self.layers) else None


def drawing(plot: ArenaMap) -> list[str]:
    """The parts: between `top` − HEAD and `top` + PLOT + FOOT, as wide as a document."""
    largest = sorted(range(len(plot.buffers)), key=lambda index: (-_area(plot.buffers[index]), index))
    drawn = [index for index in largest[:MOST_RECTANGLES] if plot.buffers[index].last_moment >= 0]
    left_out = len(plot.buffers) - len(drawn)
    more = f"; {left_out:,} smaller or unused buffers are not drawn" if left_out else ""
    return [
        svg.label(LEFT, plot.top - 26, plot.words + more),
        *svg.bytes_axis(plot.head_bytes, plot.top, PLOT),
        svg.outline("hole", _skyline(plot), "holes: bytes under a buffer that is alive, and nobody's"),
        *(_buffer(plot, index) for index in sorted(drawn)),
        *(one for index in sorted(drawn) for one in _name(plot, index)),
        *_peak(plot),
        *_layers(plot),
    ]


def _area(one: BufferInfo) -> int:
    return one.planned_bytes * (one.last_moment - one.first_moment + 1)


def _skyline(plot: ArenaMap) -> list[tuple[float, float]]:
    """Around everything below the highest buffer that is alive at each moment."""
    tops = np.zeros(len(plot.live_bytes), np.int64)
    for offset, one in zip(plot.offsets, plot.buffers, strict=True):
        if one.last_moment >= 0:
            span = slice(one.first_moment, one.last_moment + 1)
            tops[span] = np.maximum(tops[span], offset + one.planned_bytes)
    points = [(plot.x(0), plot.y(0))]
    for moment, top in enumerate(tops.tolist()):
        points += [(plot.x(moment), plot.y(top)), (plot.x(moment + 1), plot.y(top))]
    return [*points, (plot.x(len(tops)), plot.y(0))]


def _box(plot: ArenaMap, index: int) -> tuple[float, float, float, float]:
    """x, y, width and height of a buffer."""
    one, offset = plot.buffers[index], plot.offsets[index]
    above = plot.y(offset + one.planned_bytes)
    width = plot.column * (one.last_moment - one.first_moment + 1)
    return plot.x(one.first_moment), above, width, plot.y(offset) - above


def _buffer(plot: ArenaMap, index: int) -> str:
    one = plot.buffers[index]
    hover = (
        f"{figures.short(one.name, NAME)}\n{one.kind}, {lifetime_words(one.first_moment, one.last_moment)}"
        f"{_operators(plot, one)}\n{one.bytes:,} bytes ({one.planned_bytes:,} with padding) at "
        f"{plot.offsets[index]:,}"
    )
    return svg.rectangle(CLASSES[one.kind], *_box(plot, index), hover)


def _operators(plot: ArenaMap, one: BufferInfo) -> str:
    """The first and the last operator that it lives in."""
    ends = dict.fromkeys(op for moment in (one.first_moment, one.last_moment) if (op := plot.op(moment)))
    return f" ({' … '.join(ends)})" if ends else ""


def _name(plot: ArenaMap, index: int) -> Sequence[str]:
    """What fits into a buffer's rectangle: its bytes, and the end of its name, which tells most."""
    one = plot.buffers[index]
    x, y, width, height = _box(plot, index)
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


def _peak(plot: ArenaMap) -> list[str]:
    """A line at the head's end, and a frame around the moments at which the most is alive."""
    runs: list[list[int]] = []
    for moment in plot.fullest:
        if runs and runs[-1][-1] == moment - 1:
            runs[-1].append(moment)
        else:
            runs.append([moment])
    where = _where(plot, plot.fullest[0])
    words = f"peak {plot.head_bytes:,} bytes; most alive, {plot.most_alive_bytes:,}, {where}"
    more = f" and {len(plot.fullest) - 1} more (framed)" if len(plot.fullest) > 1 else " (framed)"
    return [
        svg.line(LEFT, plot.top, WIDTH - RIGHT, plot.top, "mark"),
        *(svg.rectangle("band", plot.x(run[0]), plot.top, plot.column * len(run), PLOT) for run in runs),
        svg.label(WIDTH - RIGHT, plot.top - 6, words + more, "alarm", "end"),
    ]


def _layers(plot: ArenaMap) -> list[str]:
    """Numbers under the map, as many as there is room for, each to hover over."""
    moments = len(plot.live_bytes)
    step = -(-moments // MOST_NUMBERS)
    parts = [svg.line(LEFT, plot.top + PLOT, WIDTH - RIGHT, plot.top + PLOT, "frame")]
    for moment in range(0, moments, step):
        x, y = plot.x(moment), plot.top + PLOT
        words = "in" if moment == 0 else f"{moment - 1}"
        hover = f"{_layer_words(plot, moment)}\n{plot.live_bytes[moment]:,} bytes alive"
        parts.append(svg.label(x + plot.column / 2, y + 16, svg.shortened(words, plot.column + 12), "faint", "middle"))
        parts.append(svg.rectangle("hover", x, y, plot.column, 22, hover))
    return [*parts, svg.label(LEFT, plot.top + PLOT + 34, "layer")]


def _where(plot: ArenaMap, moment: int) -> str:
    if moment == 0:
        return "before the first layer"
    op = plot.op(moment)
    return f"in layer {moment - 1} ({op})" if op else f"in layer {moment - 1}"


def _layer_words(plot: ArenaMap, moment: int) -> str:
    if plot.op(moment) is None:
        return _where(plot, moment)
    op, name = plot.layers[moment - 1]
    return f"layer {moment - 1}: {op}, {figures.short(name, NAME)}"
