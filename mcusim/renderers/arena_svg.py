"""Report on a model's arena → SVG: its tail, and a map over time for each plan that is to be drawn."""

from __future__ import annotations

from mcusim import figures
from mcusim.memory_record import MemoryReport
from mcusim.renderers import svg
from mcusim.renderers.arena_drawing import FOOT, HEAD, LEGEND, NAME, PLOT, ArenaMap, drawing
from mcusim.renderers.svg import LEFT, RIGHT, WIDTH

TAIL = 22


def render(report: MemoryReport) -> str:
    """The document: a map for the plan in use, and for each of the others that are to be drawn."""
    tail_y = 66
    parts = [svg.label(LEFT, 30, _title(report), "title"), *_tail(report, tail_y)]
    top = tail_y + TAIL + 8.0
    for planner in report.maps:
        parts += drawing(_map(report, planner, top + HEAD))
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


def _map(report: MemoryReport, planner: str, top: float) -> ArenaMap:
    plan = report.plan(planner)
    used = "in use" if plan.planner == report.in_use else f"an arena of {plan.smallest_arena_bytes:,} bytes"
    words = f"head planned by {plan.planner} ({used}): {plan.head_bytes:,} bytes, {plan.wasted_bytes:,} of them wasted"
    layers = [(layer.op, layer.name) for layer in report.model.layers]
    return ArenaMap(
        words=words,
        buffers=report.buffers,
        offsets=plan.offsets,
        live_bytes=report.live_bytes,
        head_bytes=plan.head_bytes,
        most_alive_bytes=report.live_bound_bytes,
        layers=layers,
        top=top,
    )
