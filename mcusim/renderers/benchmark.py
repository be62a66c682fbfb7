"""Runs → github-action-benchmark's JSON for metrics of which less is better; what is not known is not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from mcusim import figures
from mcusim.delta import Comparison, Delta
from mcusim.record import Run

Entry = dict[str, str | int | float]
UNITS = {"cycles": "cycles", "latency_s": "s", "arena_bytes": "bytes", "ram_bytes": "bytes", "flash_bytes": "bytes"}


def of_run(run: Run) -> str:
    """Cycles, latency and bytes of a run; beside the cycles their range and the error to expect."""
    totals, memory, verdict = run.totals, run.memory, run.verdict
    values = {
        "cycles": totals.cycles,
        "latency_s": totals.latency_s,
        "arena_bytes": memory.smallest_arena_bytes,
        "ram_bytes": verdict.ram.used_bytes,
        "flash_bytes": verdict.flash.used_bytes,
    }
    if totals.instructions is not None:
        values["stack_bytes"] = memory.stack_bytes
    estimated = "estimated; " if totals.instructions is None else ""
    error = figures.expected_error(totals.error_percent, totals.error_percent_reason, totals.error_source)
    spread = (totals.least_cycles, totals.most_cycles)
    return _text(
        _entries(f"{run.model.name} on {run.board.name}", values, f"{estimated}error to expect: {error}", spread)
    )


def of_comparison(comparison: Comparison) -> str:
    """The same of the newer run of each pair."""
    return _text(entry for delta in comparison.deltas for entry in _of_delta(delta))


def _of_delta(delta: Delta) -> Sequence[Entry]:
    side = delta.after
    values = {one.metric: one.after for one in delta.metrics if one.metric in (*UNITS, "stack_bytes")}
    estimated = "estimated; " if side.engine == "estimate" else ""
    error = figures.expected_error(side.error_percent, side.error_percent_reason, side.error_source)
    spread = (side.least_cycles, side.most_cycles)
    return _entries(f"{side.model} on {side.board}", values, f"{estimated}error to expect: {error}", spread)


def _entries(
    where: str, values: dict[str, int | float | None], extra: str, spread: tuple[int | None, int | None]
) -> list[Entry]:
    """An entry for each value that is known; `extra` beside those that come of time."""
    found: list[Entry] = []
    for metric, value in values.items():
        if value is None:
            continue
        entry: Entry = {
            "name": f"{where}: {metric}",
            "unit": UNITS.get(metric, "bytes"),
            "value": int(value) if float(value).is_integer() else value,
        }
        if metric in ("cycles", "latency_s"):
            if metric == "cycles" and None not in spread and spread[0] != spread[1]:
                entry["range"] = f"{spread[0]} to {spread[1]}"
            entry["extra"] = extra
        found.append(entry)
    return found


def _text(entries: Iterable[Entry]) -> str:
    return json.dumps(list(entries), indent=2, ensure_ascii=True) + "\n"
