"""Soak → its report for a terminal with the heap over time, its JSON document, and the samples as CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from mcusim import figures, soak, tables
from mcusim.record import VERSION
from mcusim.soak import Failure, Sample, Soak, SoakRun

PLOT_ROWS = 12
MOST_COLUMNS = 100
USED, PIECES, FREE = "█", "▒", "·"  # told apart by how dark they are, not by colour
MOST_LIVE_ROWS = 12
MOST_SEED_ROWS = 20


def text(run: Soak, width: int = 80) -> str:
    """The report, for people."""
    worst = run.worst
    if worst is None:
        lines = [*_head(run), "Nothing calls malloc or free: there is no heap to fragment.", *_static(run)]
        return _wrapped([*lines, *([tables.safe(run.workload.notes)] if run.workload.notes else [])], width)
    parts = [_wrapped([*_head(run), *_verdict(run)], width)]
    title = f"Heap over time, seed {worst.seed}" + (", the worst" if len(run.runs) > 1 else "")
    parts.append(_section(title, plot(run.heap.bytes, worst.samples, width)))
    parts.append(_section(f"What seed {worst.seed} did", _figures(worst, width)))
    if worst.failure is not None:
        parts.append(_section("Alive when malloc failed", _live(worst.failure, width)))
    if len(run.runs) > 1:
        parts.append(_section("Seeds", _seeds(run.runs, width)))
    notes = [tables.safe(run.workload.notes)] if run.workload.notes else []
    parts.append(_section("Notes", _wrapped([*notes, *_static(run)], width)))
    return "\n".join(parts)


def json_text(run: Soak) -> str:
    """The mcusim.soak/1 document, in ASCII so that nothing in it can act on a terminal."""
    return json.dumps(soak.to_json(run, VERSION), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def csv_text(run: Soak) -> str:
    """A row a sample of every seed."""
    names = [field.name for field in dataclasses.fields(Sample)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["seed", *names])
    for one in run.runs:
        writer.writerows([one.seed, *dataclasses.astuple(sample)] for sample in one.samples)
    return out.getvalue()


FORMATS: Mapping[str, Callable[[Soak], str]] = {"text": text, "json": json_text, "csv": csv_text}


def plot(heap_bytes: int, samples: Sequence[Sample], width: int) -> str:
    """Over time used bytes, free ones in pieces, and the largest free piece on top; of each column the worst sample."""
    labels = [f"{round(heap_bytes * row / PLOT_ROWS):,}" for row in range(PLOT_ROWS + 1)]
    margin = max(len(label) for label in labels) + 2
    room = max(10, min(MOST_COLUMNS, width - margin))
    columns = _columns(samples, min(room, len(samples)))
    lines = []
    for row in range(PLOT_ROWS - 1, -1, -1):
        level = heap_bytes * (row + 0.5) / PLOT_ROWS
        label = labels[row + 1] if (PLOT_ROWS - 1 - row) % 3 == 0 else ""
        lines.append(f"{label:>{margin - 2}} ┤{''.join(_cell(heap_bytes, sample, level) for sample in columns)}")
    end = duration(samples[-1].time_s)
    lines.append(f"{0:>{margin - 2}} └{'─' * len(columns)}")
    lines.append(f"{'':>{margin}}0{end:>{max(len(columns) - 1, len(end) + 1)}}")
    lines.append(f"{USED} used   {PIECES} free, in smaller pieces   {FREE} largest free piece   (bytes, bottom up)")
    return "".join(line.rstrip() + "\n" for line in lines)


def duration(value: float) -> str:
    """A time in the unit that fits, from microseconds to years."""
    return figures.duration(value) if value >= 60 else figures.seconds(value) if value else "0 s"


def failure_words(failure: Failure) -> str:
    """What failed, and what there was."""
    heap = failure.heap
    free = heap.free_bytes + heap.untouched_bytes
    asked = f"malloc({failure.request_bytes:,}) for {tables.safe(failure.what)!r} failed"
    where = f"after {duration(failure.time_s)}, {failure.operation:,} mallocs and frees: " if failure.time_s else ""
    if failure.enough_free:
        pieces = f"{heap.free_blocks:,} free blocks" if heap.free_blocks != 1 else "one free block"
        return (
            f"{where}{asked} although {free:,} bytes were free: they lie in {pieces}, and the largest request that "
            f"could be granted was {heap.largest_request_bytes:,}"
        )
    return f"{where}{asked}: only {free:,} bytes were free, the heap is too small for what is alive"


def _head(run: Soak) -> list[str]:
    title = f"{tables.safe(run.workload.name)}: {tables.safe(run.workload.title)}"
    where = f"{run.heap.title} in {run.heap.bytes:,} bytes from {run.heap.base_address:#010x}"
    return [title, where] if run.runs else [title]


def _static(run: Soak) -> list[str]:
    """What becomes of the arena, in words."""
    if run.arena is None:
        return [run.static_arena]
    return [f"{tables.safe(run.arena.model)}: a static arena of {run.arena.bytes:,} bytes. {run.static_arena}"]


def _verdict(run: Soak) -> list[str]:
    asked = duration(run.asked_s)
    count = len(run.runs)
    if not run.failures:
        seeds = f"seed {run.runs[0].seed}" if count == 1 else f"{count} seeds"
        least = min(one.least_largest_request_bytes for one in run.runs)
        return [
            f"ran {asked} without a failure ({seeds}); malloc would always have granted {least:,} bytes more at the "
            "moments looked at. That is no proof: another seed or a longer run may fail."
        ]
    first = run.failures[0]
    if count == 1:
        return [f"FAILED {failure_words(first)}"]
    came = duration(run.median_s)
    return [
        f"FAILED with {len(run.failures)} of {count} seeds in {asked}; half of the runs came to {came} or less.",
        f"First {failure_words(first)}",
    ]


def _columns(samples: Sequence[Sample], count: int) -> list[Sample]:
    """As many samples as columns: of each stretch of time that with the smallest largest piece; the last as it is."""
    edges = [len(samples) * column // count for column in range(count + 1)]
    worst = [min(samples[begin:end], key=lambda sample: sample.contiguous_bytes) for begin, end in pairwise(edges)]
    return [*worst[:-1], samples[-1]]


def _cell(heap_bytes: int, sample: Sample, level: float) -> str:
    if level >= heap_bytes - sample.contiguous_bytes:
        return FREE
    return USED if level < sample.used_bytes else PIECES


def _figures(run: SoakRun, width: int) -> str:
    samples = run.samples
    mean = sum(sample.fragmentation for sample in samples) / len(samples)
    last = samples[-1]
    rows = [
        ["simulated time", duration(run.simulated_s)],
        ["mallocs and frees", f"{run.mallocs:,} and {run.frees:,}"],
        ["most asked for at a time", f"{run.most_asked_bytes:,} bytes"],
        ["most taken, with headers and rounding", f"{run.most_used_bytes:,} bytes"],
        ["most blocks alive", f"{run.most_live_blocks:,}"],
        ["fragmentation (1 − largest/free), mean and most", f"{mean:.1%} and {run.most_fragmentation:.1%}"],
        ["least of the largest grantable request", f"{run.least_largest_request_bytes:,} bytes"],
        ["internal waste at the end", f"{last.waste_bytes:,} of {last.used_bytes:,} bytes used"],
    ]
    if run.skipped_events:
        rows.append(["events left out, too many in flight", f"{run.skipped_events:,}"])
    return tables.grid(["figure", ">value"], rows, width)


def _live(failure: Failure, width: int) -> str:
    rows = [[one.what, f"{one.blocks:,}", f"{one.asked_bytes:,}"] for one in failure.live[:MOST_LIVE_ROWS]]
    more = len(failure.live) - MOST_LIVE_ROWS
    return tables.grid(["of", ">blocks", ">bytes asked for"], rows, width) + (f"{more} more\n" if more > 0 else "")


def _seeds(runs: Sequence[SoakRun], width: int) -> str:
    rows = [
        [
            f"{one.seed}",
            duration(one.simulated_s),
            f"{one.most_used_bytes:,}",
            f"{one.least_largest_request_bytes:,}",
            f"{one.failure.what}, {one.failure.request_bytes:,} bytes" if one.failure else "none",
        ]
        for one in runs[:MOST_SEED_ROWS]
    ]
    more = len(runs) - MOST_SEED_ROWS
    headers = [">seed", ">ran", ">most taken", ">least grantable", "failure"]
    return tables.grid(headers, rows, width) + (f"{more} more\n" if more > 0 else "")


def _wrapped(lines: Sequence[str], width: int) -> str:
    folded = (textwrap.wrap(line, width, break_on_hyphens=False) or [""] for line in lines)
    return "".join(f"{line}\n" for one in folded for line in one)


def _section(title: str, body: str) -> str:
    return f"{title}\n{'─' * len(title)}\n{body}"
