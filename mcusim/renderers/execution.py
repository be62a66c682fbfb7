"""Execution → its report for a terminal, its JSON document, and the exchange formats of flame graphs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping

from mcusim import execution, figures, flame_graphs, tables
from mcusim.execution import Execution

MOST_ROWS = 20
NAME_CELLS = 40


def text(run: Execution, width: int = 80) -> str:
    """The report, for people."""
    parts = [
        _wrapped(_head(run), width),
        _section("Functions", _functions(run, width)),
        _section("Cycles by cause", _causes(run, width)),
    ]
    if len(run.flash) > 1:
        parts.append(_section("Flash and caches as they were set", _flash(run, width)))
    if run.call_sites:
        parts.append(_section("Call sites, with what they call", _call_sites(run, width)))
    parts += [_section(f"Hot loop: {_loop_title(run, loop)}", _loop(loop, width)) for loop in run.loops]
    parts.append(_section("Memory", _memory(run, width)))
    if run.exceptions:
        rows = [[one.name, f"{one.entries:,}"] for one in run.exceptions]
        parts.append(_section("Exceptions", tables.grid(["exception", ">entries"], rows, width)))
    if run.notes:
        notes = [f"* {tables.safe(note)}" for note in run.notes]
        parts.append(_section("Notes", _wrapped(notes, width)))
    return "\n".join(parts)


def json_text(run: Execution) -> str:
    """The mcusim.exec/1 document, in ASCII so that nothing in it can act on a terminal."""
    return json.dumps(execution.to_json(run), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def collapsed(run: Execution) -> str:
    """A line a chain of calls: names with semicolons between, a blank, cycles (as flamegraph.pl reads)."""
    return flame_graphs.collapsed(sorted((one.frames, one.cycles) for one in run.stacks))


def speedscope(run: Execution) -> str:
    """The same for speedscope.app, as a sampled profile whose weights are cycles."""
    stacks = [(one.frames, one.cycles) for one in run.stacks]
    return flame_graphs.speedscope(run.firmware.name, f"cycles on {run.board.name}", stacks)


FORMATS: Mapping[str, Callable[[Execution], str]] = {
    "text": text,
    "json": json_text,
    "collapsed": collapsed,
    "speedscope": speedscope,
}


def _section(title: str, body: str) -> str:
    return f"{tables.safe(title)}\n{body}"


def _wrapped(lines: list[str], width: int) -> str:
    """Each line within the width, what goes on indented."""
    folded = (textwrap.wrap(line, width, subsequent_indent="  ", break_long_words=False) for line in lines)
    return "".join(f"{line}\n" for lines in folded for line in lines)


def _head(run: Execution) -> list[str]:
    totals, board = run.totals, run.board
    clock = totals.cycles + totals.exception_cycles + totals.waited_cycles
    lines = [
        f"{tables.safe(run.firmware.name)} on {tables.safe(board.name)} ({tables.safe(board.mcu)}, {board.core}, "
        f"{board.clock_hz / 1e6:g} MHz, memory: {board.memory})",
        f"from {tables.safe(run.firmware.entry)}; {tables.safe(run.end.text)}",
    ]
    if run.region is not None:
        lines += [_region(run.region)]
    spread = (
        f" ({totals.least_cycles:,} to {totals.most_cycles:,})" if totals.least_cycles != totals.most_cycles else ""
    )
    lines += [
        f"{totals.cycles:,} cycles{spread}, {totals.instructions:,} instructions, "
        f"{figures.ratio(totals.cycles, totals.instructions)} cycles an instruction",
        f"exceptions {totals.exception_cycles:,} cycles, waiting {totals.waited_cycles:,}; in all {clock:,} cycles, "
        f"{figures.seconds(totals.latency_s)}",
    ]
    error = totals.error_percent_reason or f"±{totals.error_percent:.2g}% ({totals.error_source})"
    return [*lines, f"error of the cycles: {tables.safe(error)}"]


def _region(region: execution.Region) -> str:
    counts = [one.cycles for one in region.occurrences]
    words = f"only {region.words}: {len(counts):,} times"
    return (
        words
        if not counts
        else f"{words}, {min(counts):,} to {max(counts):,} cycles, {sum(counts) / len(counts):,.0f} on average"
    )


def _functions(run: Execution, width: int) -> str:
    rows = [
        [
            figures.short(one.name, NAME_CELLS),
            f"{one.calls:,}",
            f"{one.instructions:,}",
            f"{one.cycles:,}",
            figures.percent(one.cycles / max(run.totals.cycles, 1)),
            figures.ratio(one.cycles, one.instructions),
            f"{one.cycles_with_calls:,}",
        ]
        for one in run.functions[:MOST_ROWS]
    ]
    headers = ["function", ">calls", ">instr.", ">cycles", ">share", ">CPI", ">with calls"]
    return tables.grid(headers, rows, width) + _more(len(run.functions))


def _causes(run: Execution, width: int) -> str:
    ranked = sorted(run.totals.cycles_by_cause.items(), key=lambda item: -item[1])
    rows = [
        [cause, f"{count:,}", figures.percent(count / max(run.totals.cycles, 1))] for cause, count in ranked if count
    ]
    return tables.grid(["cause", ">cycles", ">share"], rows, width)


def _flash(run: Execution, width: int) -> str:
    rows = [
        [
            tables.safe(one.words),
            f"{one.instructions:,}",
            f"{one.cycles:,}",
            figures.percent(one.cycles / max(run.totals.cycles, 1)),
        ]
        for one in run.flash
    ]
    return tables.grid(["setting", ">instr.", ">cycles", ">share"], rows, width)


def _call_sites(run: Execution, width: int) -> str:
    rows = [
        [
            figures.short(one.callee, NAME_CELLS),
            figures.short(one.caller, NAME_CELLS),
            one.source or (f"{one.address:#010x}" if one.address else "–"),
            f"{one.calls:,}",
            f"{one.cycles:,}",
        ]
        for one in run.call_sites[:MOST_ROWS]
    ]
    return tables.grid(["called", "by", "at", ">calls", ">cycles"], rows, width) + _more(len(run.call_sites))


def _loop_title(run: Execution, loop: execution.Loop) -> str:
    share = figures.percent(loop.cycles / max(run.totals.cycles, 1))
    return f"{loop.function}, {loop.bytes} bytes, {loop.iterations:,} times round, {loop.cycles:,} cycles ({share})"


def _loop(loop: execution.Loop, width: int) -> str:
    rows = []
    before: str | None = None
    for one in loop.lines:
        source = one.source if one.source is not None and one.source != before else ""
        rows.append([f"{one.address:08x}", f"{one.executions:,}", one.text, source])
        before = one.source
    return tables.grid(["address", ">executed", "instruction", "source"], rows, width)


def _memory(run: Execution, width: int) -> str:
    rows = [
        [one.name, f"{one.address:#010x}", f"{one.read_bytes:,}", f"{one.written_bytes:,}", f"{one.touched_bytes:,}"]
        for one in run.memory
    ]
    body = tables.grid(["bytes of", "from", ">read", ">written", ">touched"], rows, width) if rows else ""
    for one in run.stack_use:
        used = f", {one.used_bytes:,} bytes used" if one.used_bytes is not None else ""
        body += f"lowest {one.name}: {one.lowest_address:#010x}{used}\n"
    return body


def _more(count: int) -> str:
    return f"{count - MOST_ROWS} more\n" if count > MOST_ROWS else ""
