"""Calls of a session, and what they were before → tables and sentences for a terminal's end of a test session."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from mcusim import tables
from mcusim.call_comparison import Comparison, Failure, grown_cause, grown_loop
from mcusim.saved_calls import Call, Labelled, Loop, SavedCalls, labelled

MOST_ROWS = 40  # of a table that was not asked for
MOST_NAMED = 20  # of what is new or has vanished
HEADERS = ("call", ">cycles", ">Δ%", ">instr.", ">stack", ">error")
CHANGE = HEADERS.index(">Δ%")  # a column that only a comparison has
NOT_VALIDATED = "n. v."
GREW = "GREW"  # how the sentence of what grew too much begins
LEAST_NAME, INDENT = 16, "  "


def calls_table(saved: SavedCalls, comparison: Comparison | None, width: int, most: int | None = MOST_ROWS) -> str:
    """A row a call, under its file; with a comparison, calls whose cycles changed are first to stay of too many."""
    calls = list(labelled(saved))
    before = {_key(pair.after): pair.before.call for pair in comparison.pairs} if comparison else {}
    shown = _chosen(calls, before, len(calls) if most is None else most)
    files = dict.fromkeys(one.test.partition("::")[0] for one in shown)
    cells = [_cells(one, before) for one in shown]
    columns = [number for number in range(1, len(HEADERS)) if comparison is not None or number != CHANGE]
    widths = [max(tables.cells(row[number - 1]) for row in [HEADERS[1:], *cells]) for number in columns]
    room = max(LEAST_NAME, width - sum(widths) - len(columns) * len(tables.GAP) - len(INDENT))
    lines = []
    for file in files:
        lines.append([tables.safe(file), *[""] * len(columns)])
        for one, row in zip(shown, cells, strict=True):
            if one.test.partition("::")[0] == file:
                lines.append([INDENT + _name(one, room), *(row[number - 1] for number in columns)])
    text = tables.grid([HEADERS[0], *(HEADERS[number] for number in columns)], lines, width)
    left = len(calls) - len(shown)
    more = f"{left:,} more calls are not shown (--mcu-table shows all)\n" if left else ""
    return text + more + _footnotes(shown, width)


def comparison_text(comparison: Comparison, name: str, width: int) -> str:
    """What the figures rest on that changed, then what grew too much and where, then what is new or has vanished."""
    changed = [pair for pair in comparison.pairs if pair.before.call.cycles != pair.after.call.cycles]
    slower = sum(pair.before.call.cycles < pair.after.call.cycles for pair in changed)
    paragraphs = [
        f"compared with {name}: {_calls(len(comparison.pairs))}, {slower:,} slower, {len(changed) - slower:,} faster, "
        f"{len(comparison.new):,} new, {len(comparison.vanished):,} vanished, {comparison.not_run:,} not run"
    ]
    paragraphs += [f"not as before: {one.what}: {_calls(one.calls)}" for one in comparison.changes]
    paragraphs += [f"new: {_place(one)}" for one in comparison.new[:MOST_NAMED]]
    paragraphs += _rest("new", len(comparison.new))
    paragraphs += [f"vanished: {_place(one)}" for one in comparison.vanished[:MOST_NAMED]]
    paragraphs += _rest("vanished", len(comparison.vanished))
    worst = sorted(comparison.failures, key=lambda one: one.before / one.after)
    paragraphs += [failure_words(one) for one in worst[:MOST_NAMED]]
    paragraphs += _rest(GREW, len(worst))
    return "".join(_wrapped(tables.safe(text), width) for text in paragraphs)


def failure_words(failure: Failure) -> str:
    """One sentence: which call, metric, before, after, what is tolerated, the cause and the loop that grew most."""
    before, after = failure.pair.before.call, failure.pair.after.call
    words = [
        f"{GREW} {_place(failure.pair.after)}: {failure.tolerance.metric} {failure.before:,} → {failure.after:,} "
        f"({_growth(failure.before, failure.after)}; allowed +{failure.tolerance.words})"
    ]
    if not failure.pair.same_arguments:
        words.append("it is given other arguments than before")
    if failure.tolerance.metric.startswith(("cycles", "least_cycles", "most_cycles", "instructions")):
        cause, cycles = grown_cause(before, after)
        words += [f"{cause} {cycles:+,} cycles"] if cycles > 0 else []
        words.append(_loop_words(before, after))
    return "; ".join(words)


def _loop_words(before: Call, after: Call) -> str:
    grown = grown_loop(before, after)
    if grown is None:
        return "none of its hottest loops grew" if after.loops else "it has no loops"
    loop, old = grown.after, grown.before
    if old is None:
        return f"{_where(loop)} is new among its hottest: {loop.cycles:,} cycles"
    size = f", {old.bytes:,} → {loop.bytes:,} bytes" if old.bytes != loop.bytes else ""
    rounds = f", {old.iterations:,} → {loop.iterations:,} times" if old.iterations != loop.iterations else ""
    return f"{_where(loop)} grew: {old.cycles:,} → {loop.cycles:,} cycles ({grown.cycles:+,}{size}{rounds})"


def _where(loop: Loop) -> str:
    lines = f" ({loop.source})" if loop.source else ""
    return f"the loop at {loop.function}+{loop.offset:#x}{lines}"


def _growth(before: int, after: int) -> str:
    return f"{after / before - 1:+.2%}" if before else f"{after - before:+,}"


def _key(one: Labelled) -> tuple[str, str]:
    return one.test, one.label


def _chosen(calls: Sequence[Labelled], before: Mapping[tuple[str, str], Call], most: int) -> list[Labelled]:
    """In their order: those that changed most, then those of most cycles."""

    def rank(one: Labelled) -> tuple[float, int]:
        old = before.get(_key(one))
        change = abs(one.call.cycles / old.cycles - 1) if old and old.cycles else 0.0
        return -change, -one.call.cycles

    kept = {_key(one) for one in sorted(calls, key=rank)[:most]}
    return [one for one in calls if _key(one) in kept]


def _cells(one: Labelled, before: Mapping[tuple[str, str], Call]) -> list[str]:
    old, call = before.get(_key(one)), one.call
    change = "" if old is None else f"{(call.cycles / old.cycles - 1) * 100:+.2f}" if old.cycles else "?"
    error = NOT_VALIDATED if one.origin.error_percent is None else f"±{one.origin.error_percent:.0f}%"
    return [f"{call.cycles:,}", change, f"{call.instructions:,}", f"{call.stack_bytes:,}", error]


def _name(one: Labelled, room: int) -> str:
    """The test and the function that it calls; of what is too long its end tells more than its beginning."""
    test = one.test.partition("::")[2] or one.test
    name = tables.safe(f"{test} {one.label}" if one.call.function not in test else test)
    if "#" in one.label and one.call.function in test:
        name += " " + tables.safe(one.label.rpartition(" ")[2])
    while tables.cells(name) > room:
        name = "…" + name.lstrip("…")[1:]
    return name


def _footnotes(shown: Sequence[Labelled], width: int) -> str:
    """What the errors are of, and why there is none where there is none."""
    origins = dict.fromkeys(one.origin for one in shown)
    reasons = dict.fromkeys(one.error_percent_reason for one in origins if one.error_percent_reason)
    texts = [f"{NOT_VALIDATED}: {reason}" for reason in reasons]
    if any(one.error_percent is not None for one in origins):
        texts.append("error: to be expected of the cycles, on a core with a memory timing (mcusim accuracy)")
    return "".join(_wrapped(tables.safe(text), width) for text in texts)


def _place(one: Labelled) -> str:
    return f"{one.test}: {one.label}"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _rest(what: str, count: int) -> list[str]:
    return [f"{what}: {count - MOST_NAMED:,} more"] if count > MOST_NAMED else []


def _wrapped(text: str, width: int) -> str:
    lines = textwrap.wrap(text, width, subsequent_indent=INDENT, break_on_hyphens=False)
    return "\n".join(lines) + "\n" if lines else ""
