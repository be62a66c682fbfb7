"""Soak → SVG: used bytes, free ones in pieces and the largest free piece over time, and where malloc failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcusim.renderers import svg
from mcusim.renderers.soak import duration, failure_words
from mcusim.renderers.svg import LEFT, RIGHT, WIDTH
from mcusim.soak import Sample, Soak, SoakRun

TOP, PLOT, FOOT = 104, 380, 96
TICKS = 6
LEGEND = (
    ("used", "used, with headers and rounding"),
    ("pieces", "free, in smaller pieces"),
    ("free", "largest free piece"),
)


def render(run: Soak) -> str:
    """The document: the heap of the seed that failed first, or came closest to it."""
    title = f"{run.workload.name} on {run.heap.title} in {run.heap.bytes:,} bytes"
    parts = [svg.label(LEFT, 30, title, "title")]
    worst = run.worst
    if worst is None:
        parts += [svg.label(LEFT, 58, "Nothing calls malloc or free: there is no heap to fragment.")]
        return svg.document(84, title, parts)
    parts += [svg.label(LEFT, 54 + 18 * row, text) for row, text in enumerate(_words(run, worst))]
    parts += svg.bytes_axis(run.heap.bytes, TOP, PLOT)
    parts += _areas(run.heap.bytes, worst.samples)
    parts += _time(worst)
    parts += _failure(run.heap.bytes, worst)
    parts += svg.legend(LEGEND, LEFT, TOP + PLOT + 62)
    return svg.document(TOP + PLOT + FOOT, title, parts)


def _words(run: Soak, worst: SoakRun) -> list[str]:
    """What came of it, in at most two lines."""
    count = len(run.runs)
    others = f"the worst of {count} seeds; {len(run.failures)} failed" if count > 1 else "the only seed"
    where = f"seed {worst.seed} ({others}), to run for {duration(run.asked_s)}"
    if worst.failure is None:
        return [
            f"{where}: no malloc failed; the least that it would have granted is {worst.least_largest_request_bytes:,}"
        ]
    words = failure_words(worst.failure)
    head, _, rest = words.partition(" although ")
    return [f"{where}: {head}", f"although {rest}"] if rest else [where, words]


def _areas(heap_bytes: int, samples: Sequence[Sample]) -> list[str]:
    """Stacked from the bottom: used, in pieces, and to the top the largest piece; a strip to hover over each sample."""
    end_s = samples[-1].time_s
    edges: list[Callable[[Sample], int]] = [
        lambda one: 0,
        lambda one: one.used_bytes,
        lambda one: max(heap_bytes - one.contiguous_bytes, one.used_bytes),
        lambda one: heap_bytes,
    ]
    # A sample stands for the time since the one before it, so that the last one can be seen.
    ends = [_x(one.time_s, end_s) for one in samples]
    begins = [float(LEFT), *ends[:-1]]
    slots = [slot for slot in zip(begins, ends, samples, strict=True) if slot[0] < slot[1]]
    parts = []
    for kind, low, high in zip(("used", "pieces", "free"), edges, edges[1:], strict=False):
        upper = [(x, _y(high(one), heap_bytes)) for *span, one in slots for x in span]
        lower = [(x, _y(low(one), heap_bytes)) for *span, one in slots for x in span]
        parts.append(svg.outline(kind, [*upper, *reversed(lower)]))
    return parts + [svg.rectangle("hover", begin, TOP, end - begin, PLOT, _hover(one)) for begin, end, one in slots]


def _hover(one: Sample) -> str:
    free = one.free_bytes + one.untouched_bytes
    return (
        f"{duration(one.time_s)}\nused {one.used_bytes:,} bytes in {one.live_blocks:,} blocks\nfree {free:,} bytes, "
        f"the largest piece {one.contiguous_bytes:,}\nfragmentation {one.fragmentation:.1%}"
    )


def _time(worst: SoakRun) -> list[str]:
    end_s = worst.samples[-1].time_s
    parts = [svg.line(LEFT, TOP + PLOT, WIDTH - RIGHT, TOP + PLOT, "frame")]
    for tick in range(TICKS + 1 if end_s else 1):
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / TICKS
        anchor = "end" if tick == TICKS else "middle" if tick else "start"
        parts.append(svg.label(x, TOP + PLOT + 18, duration(end_s * tick / TICKS), "faint", anchor))
    return parts


def _failure(heap_bytes: int, worst: SoakRun) -> list[str]:
    """Where malloc failed: a line at the end, and what was asked for beside the largest piece."""
    failure = worst.failure
    if failure is None:
        return []
    x = WIDTH - RIGHT
    asked = _y(max(heap_bytes - failure.request_bytes, 0), heap_bytes)
    words = f"malloc({failure.request_bytes:,}) fails: it would have to begin below this line"
    return [
        svg.line(x, TOP, x, TOP + PLOT, "mark"),
        svg.line(LEFT, asked, x, asked, "mark"),
        svg.label(x - 8, asked - 6 if asked > TOP + 20 else asked + 16, words, "alarm", "end"),
    ]


def _x(time_s: float, end_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (time_s / end_s if end_s else 1.0)


def _y(count: int, heap_bytes: int) -> float:
    return TOP + PLOT * (1 - min(count, heap_bytes) / max(heap_bytes, 1))
