"""Layers of a kernel with the code that each executed → which loop brings which halfwords of code with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALFWORD_BYTES = 2  # what Thumb instructions are made of
# What code may need other than that its count is above 0: a loop's way back wants a second pass, one that the compiler
# has unrolled some passes, or a rest of so many; the way past a loop wants none. Each is a modulus, or 0, and what the
# rest or the count is above; NONE stands for a count of 0.
NONE = -1
CONDITIONS = (*((0, above) for above in (0, NONE, 1, 2, 3, 4, 6, 7, 15)), *((4, above) for above in range(3)))
# Layers that such a further condition has to tell better than the plain one, and as a share of all.
CLEARLY_LAYERS, CLEARLY_SHARE = 1, 0.02

Table = NDArray[np.int64]
Condition = tuple[str, int, int]  # name of a count, modulus or 0, and what is to be exceeded
Ranges = tuple[tuple[int, int], ...]  # first and number of halfwords, from the image's beginning
Halfwords = Mapping[Condition, Ranges]


@dataclass(frozen=True, slots=True, eq=False)
class Executed:
    """A layer's loop counts, rows of the code that it executed and (offset, bytes) of the literals that it read.

    Rows of code are (offset, bytes, visits, 1 where only jumps led there).
    """

    counts: Mapping[str, float]
    visits: Table
    literals: Table


@dataclass(frozen=True, slots=True)
class Footprint:
    """Halfwords of an image that a kernel executes, and those that it reads between them, by the condition for it.

    Code is executed about as often as the count of its condition says. `jumps` are the halfwords of code that are
    reached otherwise than from the one before.
    """

    code: Halfwords
    literals: Halfwords
    jumps: Ranges


def footprint(layers: Sequence[Executed]) -> Footprint:
    """For each halfword the condition that holds in the layers that executed it, and not in others, as far as any does.

    Of counts that tell equally well, it is the one that is nearest to how often the halfword was executed.
    """
    names = sorted({name for one in layers for name in one.counts})
    counts = np.array([[one.counts.get(name, 0.0) for name in names] for one in layers])
    code = _grouped(names, counts, [one.visits for one in layers])
    reads = [np.column_stack([one.literals, np.ones(len(one.literals), np.int64)]) for one in layers]
    return Footprint(code, _grouped(names, counts, reads), _jumps([one.visits for one in layers]))


def _grouped(names: Sequence[str], counts: NDArray[np.float64], layers: Sequence[Table]) -> Halfwords:
    """Halfwords by their condition; those that hardly any layer executed are left out."""
    rows = [_halfwords(visits) for visits in layers]
    halfwords = sorted({halfword for row in rows for halfword in row})
    visits = np.array([[row.get(halfword, 0) for halfword in halfwords] for row in rows], np.float64).reshape(
        len(rows), -1
    )
    executed = (visits > 0).astype(np.float64)
    agree = []
    for modulus, above in CONDITIONS:
        holds = (counts == 0 if above == NONE else (counts % modulus if modulus else counts) > above).astype(np.float64)
        plain = (modulus, above) == CONDITIONS[0]
        lead = 0.0 if plain else CLEARLY_LAYERS + CLEARLY_SHARE * len(rows)
        agree.append(executed.T @ holds + (1 - executed).T @ (1 - holds) - lead)
    best = np.stack(agree)  # condition, halfword, name
    never = len(rows) - executed.sum(axis=0)
    found: dict[Condition, list[int]] = {}
    for column, halfword in enumerate(halfwords):
        score = best[:, column]
        if score.max() < never[column]:
            continue
        apart = np.abs(np.log1p(visits[:, column, None]) - np.log1p(counts)).mean(axis=0)
        condition, name = min(np.argwhere(score == score.max()).tolist(), key=lambda one: (one[0], apart[one[1]]))
        found.setdefault((names[name], *CONDITIONS[condition]), []).append(halfword)
    return {condition: ranges(group) for condition, group in sorted(found.items())}


def _jumps(layers: Sequence[Table]) -> Ranges:
    """Halfwords that at least half of the layers that executed them reached by jumps only, never in passing."""
    reached: dict[int, int] = {}
    executed: dict[int, int] = {}
    for visits in layers:
        passed = {halfword for offset, size, *_ in visits.tolist() for halfword in _inside(offset, size)}
        starts = {offset // HALFWORD_BYTES for offset, _, _, jumped in visits.tolist() if jumped}
        for halfword in starts - passed:
            reached[halfword] = reached.get(halfword, 0) + 1
        for halfword in _halfwords(visits):
            executed[halfword] = executed.get(halfword, 0) + 1
    return ranges(sorted(halfword for halfword, count in reached.items() if 2 * count >= executed[halfword]))


def _inside(offset: int, size: int) -> range:
    """Halfwords of a row of code behind the one that it begins in."""
    return range(offset // HALFWORD_BYTES + 1, (offset + size - 1) // HALFWORD_BYTES + 1)


def _halfwords(visits: Table) -> dict[int, int]:
    """Halfwords of code, and how often the most visited instruction in each was executed."""
    found: dict[int, int] = {}
    for offset, size, count, *_ in visits.tolist():
        for halfword in range(offset // HALFWORD_BYTES, (offset + size - 1) // HALFWORD_BYTES + 1):
            found[halfword] = max(found.get(halfword, 0), count)
    return found


def ranges(halfwords: Sequence[int]) -> Ranges:
    """Halfwords in rising order as ranges."""
    found: list[list[int]] = []
    for halfword in halfwords:
        if found and halfword == found[-1][0] + found[-1][1]:
            found[-1][1] += 1
        else:
            found.append([halfword, 1])
    return tuple((first, length) for first, length in found)


def holds(condition: Condition, counts: Mapping[str, float]) -> bool:
    """Whether a layer of these counts executes the code of a condition."""
    name, modulus, above = condition
    count = counts.get(name, 0.0)
    return count == 0 if above == NONE else (count % modulus if modulus else count) > above


def active(halfwords: Halfwords, counts: Mapping[str, float]) -> set[int]:
    """The halfwords that a layer of these counts executes or reads."""
    return {
        halfword
        for condition, of in halfwords.items()
        if holds(condition, counts)
        for first, length in of
        for halfword in range(first, first + length)
    }
