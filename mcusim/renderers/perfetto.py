"""Run → a timeline in the Trace Event Format, for ui.perfetto.dev and chrome://tracing."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mcusim import figures, tables
from mcusim.cycle_tree import Span, layer_spans
from mcusim.record import Layer, Run

PROCESS, THREAD = 1, 1
BY_CYCLES = "by cycles, not by time"
ORDER = f"within a layer the order is {BY_CYCLES}: each slice is the sum of all that its name took"

Event = dict[str, object]


def render(run: Run) -> str:
    """Layers with their kernels, functions and hot loops on the board's clock, and counters of memory and work.

    Slices begin and end with an event each, in the order of the file: as they share their times to the nanosecond,
    a reader that rounds these cannot make them overlap. Raises UnsupportedError where the cycles are not known.
    """
    spans = layer_spans(run, "a timeline")
    totals = run.totals
    error = tables.safe(figures.expected_error(totals.error_percent, totals.error_percent_reason, totals.error_source))
    document = {
        "displayTimeUnit": "ns",
        "otherData": {
            "exporter": f"mcusim {tables.safe(run.mcusim_version)}",
            "model": tables.safe(run.model.name),
            "board": tables.safe(run.board.name),
            "clock_hz": run.board.clock_hz,
            "cycles": totals.cycles,
            "expected_error": error,
            "order": ORDER,
        },
    }
    head = json.dumps(document, ensure_ascii=True)
    events = [json.dumps(event, ensure_ascii=True) for event in (*_names(run), *_timeline(run, spans, error))]
    return head.removesuffix("}") + ', "traceEvents": [\n' + ",\n".join(events) + "\n]}\n"


def _names(run: Run) -> Iterator[Event]:
    """What the process and the thread are called."""
    estimated = " (estimated)" if run.totals.instructions is None else ""
    names = {
        "process_name": f"{run.model.name} on {run.board.name}, {run.board.clock_hz / 1e6:g} MHz",
        "thread_name": f"an inference{estimated}",
    }
    for key, name in names.items():
        yield {"name": key, "ph": "M", "pid": PROCESS, "tid": THREAD, "args": {"name": tables.safe(name)}}


def _timeline(run: Run, spans: tuple[Span, ...], error: str) -> Iterator[Event]:
    begin = 0
    for layer, span in zip(run.layers, spans, strict=True):
        yield from _counters(layer, _time(begin, run.board.clock_hz))
        yield from _slices(span, begin, run, _facts(layer, run) | {"expected_error_of_the_run": error})
        begin += span.cycles


def _slices(span: Span, begin: int, run: Run, facts: dict[str, object]) -> Iterator[Event]:
    """A span, with what is in it side by side from its beginning on."""
    clock = run.board.clock_hz
    where: Event = {"pid": PROCESS, "tid": THREAD, "ts": _time(begin, clock)}
    yield {"name": tables.safe(span.name), "cat": span.kind, "ph": "B", **where, "args": facts}
    start = begin
    for part in span.parts:
        yield from _slices(part, start, run, _part_facts(part, span))
        start += part.cycles
    yield {
        "name": tables.safe(span.name),
        "cat": span.kind,
        "ph": "E",
        **where,
        "ts": _time(begin + span.cycles, clock),
    }


def _part_facts(part: Span, whole: Span) -> dict[str, object]:
    """What is known of a kernel, a function or a loop."""
    facts: dict[str, object] = {
        "cycles": part.cycles,
        "share_of_parent": figures.percent(part.cycles / max(whole.cycles, 1)),
        "order": BY_CYCLES,
    }
    if part.loop is not None:
        facts |= {"iterations": part.loop.iterations, "cycles_by_cause": dict(part.loop.cycles_by_cause)}
    return facts


def _facts(layer: Layer, run: Run) -> dict[str, object]:
    """What is known of a layer; unknown figures are null."""
    share = None if layer.cycles is None else figures.percent(layer.cycles / max(run.totals.cycles or 0, 1))
    return {
        "name": tables.safe(layer.name),
        "output": figures.extents(layer.shape),
        "kernel": layer.kernel,
        "variant": layer.variant,
        "cycles": layer.cycles,
        "share": share,
        "cycles_by_cause": None if layer.cycles_by_cause is None else dict(layer.cycles_by_cause),
        "macs": layer.macs,
        "cycles_per_mac": round(layer.cycles / layer.macs, 3) if layer.cycles is not None and layer.macs else None,
        "instructions": layer.instructions,
        "executed": layer.bit_exact is not None,
        "bit_exact": layer.bit_exact,
        "scratch_bytes": layer.scratch_bytes,
        "why": tables.safe(layer.why),
    }


def _counters(layer: Layer, time_us: float) -> Iterator[Event]:
    """Figures that hold while a layer runs; of an estimated layer no stack is known."""
    counts: dict[str, tuple[str, float | None]] = {
        "arena, live": ("bytes", layer.live_bytes),
        "stack of the kernels": ("bytes", layer.stack_bytes),
        "MACs a cycle": ("MACs", round(layer.macs / layer.cycles, 4) if layer.cycles else None),
    }
    for name, (unit, count) in counts.items():
        if count is not None:
            yield {"name": name, "ph": "C", "pid": PROCESS, "tid": THREAD, "ts": time_us, "args": {unit: count}}


def _time(cycles: int, clock_hz: int) -> float:
    """When a cycle begins, in µs to the nanosecond."""
    return cycles * 1_000_000_000 // clock_hz / 1000
