"""The hot loops of a layer in two runs → which is which, and in what each pair differs."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping, Sequence

from mcusim.delta import LoopChange, NamedChange
from mcusim.record import HotCode, HotLoop

SHOWN_LINES = 2  # instructions named in a sentence
_TARGET = re.compile(r"\+0x[0-9a-f]+\b")  # a place in the function, which moves with everything before it
_BOUNDED = 1 << 12  # pairs of loops whose likeness is remembered


def loop_changes(
    before: Sequence[HotLoop], after: Sequence[HotLoop], code_before: Sequence[HotCode], code_after: Sequence[HotCode]
) -> tuple[LoopChange, ...]:
    """The loops that both have and that differ, the largest change of cycles first.

    Loops of one function are the same whose instructions are most alike, of equally alike ones those of equal rank.
    """
    likeness = [
        (-_alike(_texts(code_before[one.code]), _texts(code_after[other.code])), abs(row - column), row, column)
        for row, one in enumerate(before)
        for column, other in enumerate(after)
        if code_before[one.code].function == code_after[other.code].function
    ]
    rows: set[int] = set()
    columns: set[int] = set()
    found = []
    for _, _, row, column in sorted(likeness):
        if row in rows or column in columns:
            continue
        rows.add(row)
        columns.add(column)
        one, other = before[row], after[column]
        change = _change(one, other, code_before[one.code], code_after[other.code])
        if (one.iterations, one.cycles) != (other.iterations, other.cycles) or change.added or change.removed:
            found.append(change)
    return tuple(sorted(found, key=lambda one: (-abs(one.change), one.function, one.offset_before)))


def named_changes(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[NamedChange, ...]:
    """The names whose counts differ, the largest growth first."""
    names = dict.fromkeys([*before, *after])
    changes = [NamedChange(name, before.get(name, 0), after.get(name, 0)) for name in names]
    return tuple(sorted((one for one in changes if one.change), key=lambda one: (-one.change, one.name)))


def loop_words(loop: LoopChange) -> str:
    """What grew of a loop: how often it runs, or how long an iteration takes, and by which instructions."""
    where = f"the loop at +{loop.offset_after:#x} of {loop.function}"
    each = _each(loop)
    if loop.iterations_before == loop.iterations_after:
        runs = f"{loop.iterations_after:,} iterations as before, {each[0]} → {each[1]} cycles each"
    else:
        same = f", {each[1]} cycles each as before" if each[0] == each[1] else f", {each[0]} → {each[1]} cycles each"
        runs = f"{loop.iterations_before:,} → {loop.iterations_after:,} iterations{same}"
    return f"{where}: {runs}{_code_words(loop)}"


def _code_words(loop: LoopChange) -> str:
    """The instructions that differ, where they are few."""
    parts = []
    for sign, lines in (("+", loop.added), ("−", loop.removed)):
        if len(lines) <= SHOWN_LINES:
            parts += [f"{sign} {line}" for line in lines]
        else:
            parts.append(f"{sign} {len(lines)} instructions")
    return f" ({'; '.join(parts)})" if parts else ""


def _each(loop: LoopChange) -> tuple[str, str]:
    """Cycles of an iteration, before and after, with as many digits as it takes to tell them apart."""
    one = loop.cycles_before / loop.iterations_before if loop.iterations_before else 0.0
    other = loop.cycles_after / loop.iterations_after if loop.iterations_after else 0.0
    digits = 2 if one == other or abs(one - other) >= 0.01 else 4
    before, after = (f"{value:.{digits}f}".rstrip("0").rstrip(".") for value in (one, other))
    return before, after


def _change(one: HotLoop, other: HotLoop, code: HotCode, code_after: HotCode) -> LoopChange:
    added, removed = _differing_lines(code, code_after)
    return LoopChange(
        function=code_after.function,
        offset_before=code.offset,
        offset_after=code_after.offset,
        iterations_before=one.iterations,
        iterations_after=other.iterations,
        cycles_before=one.cycles,
        cycles_after=other.cycles,
        causes=named_changes(one.cycles_by_cause, other.cycles_by_cause),
        added=added,
        removed=removed,
    )


def _texts(code: HotCode) -> tuple[str, ...]:
    """The instructions as they compare: branch targets move with the code before them."""
    return tuple(_TARGET.sub("+", line.text) for line in code.lines)


@functools.lru_cache(_BOUNDED)
def _alike(before: tuple[str, ...], after: tuple[str, ...]) -> float:
    """0 to 1."""
    return 1.0 if before == after else difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()


def _differing_lines(before: HotCode, after: HotCode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Instructions that only the code after has, and those that only the one before has."""
    one, other = _texts(before), _texts(after)
    added: list[str] = []
    removed: list[str] = []
    if one != other:
        for tag, first, last, start, end in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
            if tag != "equal":
                removed += [line.text for line in before.lines[first:last]]
                added += [line.text for line in after.lines[start:end]]
    return tuple(added), tuple(removed)
