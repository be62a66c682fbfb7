"""The code that layers execute one after the other, and a board's cache of code → what each has to wait for anew.

A cache is followed line by line, the least recently used replaced, but layer by layer: first a layer brings all of its
code, then the constants that go the same way pass by, and in the end what it executes over and over is the most recent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit
from mcusim.footprints import HALFWORD_BYTES, Condition, Footprint, Ranges, holds
from mcusim.hardware import Board
from mcusim.memory_systems import choices

# In place of the number of a line of code: there is none, or a line of constants.
NO_LINE, CONSTANTS = -1, -2
NUMBER, BITS, JUMPS = range(3)
UNKNOWN_BYTES = 1_200  # of a kernel's code with what it calls

# A row of entries for each set, the most recent first: number of a line, and bits of the pieces of it that are there.
Contents = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class CodeCache:
    """A cache that code is fetched through, each line filled piece by piece, and whether constants go there too."""

    sets: int
    ways: int
    line_bytes: int
    fill_bytes: int
    holds_constants: bool

    @property
    def bytes(self) -> int:
        """All that it holds."""
        return self.sets * self.ways * self.line_bytes


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A kernel's code in lines of a cache, which has the image begin `position` bytes beyond the beginning of a line.

    `numbers`: all lines in rising order; `jumps`: bits of the pieces of each that are reached by jumps; `groups`: for
    each condition whether it is of literals, which of the lines it has executed or read, and bits of their pieces.
    """

    position: int
    numbers: NDArray[np.int64]
    jumps: NDArray[np.int64]
    groups: tuple[tuple[Condition, bool, NDArray[np.int64], NDArray[np.int64]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """What a layer brings into a cache.

    `code`: its lines in rising order, (number, bits of the pieces that are needed, of those that are reached by
    jumps); `visits`: how often each is executed, the most often last in `order`. `constants`: (number of the first
    line, lines).
    """

    code: NDArray[np.int64]
    visits: NDArray[np.float64]
    order: NDArray[np.int64]
    constants: NDArray[np.int64]


def code_cache(board: Board) -> CodeCache | None:
    """The cache of code of the first of a board's possible memory systems; None where layers leave no code behind."""
    choice = choices(board)[0]
    of = choice.parameters
    if choice.model == "l1":
        return _cache(of, "instruction_", of["line_bytes"], holds_constants=False)
    if choice.model == "xip":
        return _cache(of, "", of["fill_bytes"], holds_constants=True)
    if choice.model == "cache":
        return _cache(of, "", of["line_bytes"], holds_constants=bool(of["caches_data"]))
    if choice.model == "art":
        return CodeCache(1, int(of["instruction_lines"]), int(of["line_bytes"]), int(of["granule_bytes"]), False)
    return None


def _cache(of: Mapping[str, float], which: str, fill_bytes: float, *, holds_constants: bool) -> CodeCache:
    size, ways, line = int(of[f"{which}size_bytes"]), int(of[f"{which}ways"]), int(of["line_bytes"])
    return CodeCache(max(1, size // (ways * line)), ways, line, int(fill_bytes), holds_constants)


def laid(cache: CodeCache, footprint: Footprint, position: int) -> Laid:
    """A kernel's code in lines of a cache; literals count as code where constants go through the cache."""
    halfwords = [(condition, False, of) for condition, of in footprint.code.items()]
    if cache.holds_constants:
        halfwords += [(condition, True, of) for condition, of in footprint.literals.items()]
    found = [(condition, is_read, _pieces(cache, of, position)) for condition, is_read, of in halfwords]
    numbers = sorted({number for _, _, pieces in found for number in pieces})
    groups = [
        (
            condition,
            is_read,
            np.searchsorted(numbers, sorted(pieces)),
            np.array([pieces[one] for one in sorted(pieces)]),
        )
        for condition, is_read, pieces in found
    ]
    reached = _pieces(cache, footprint.jumps, position)
    jumps = np.array([reached.get(number, 0) for number in numbers], np.int64)
    return Laid(position, np.array(numbers, np.int64), jumps, tuple(groups))


def _pieces(cache: CodeCache, of: Ranges, position: int) -> dict[int, int]:
    """Bits of the pieces of each line in which halfwords lie."""
    lines: dict[int, int] = {}
    for first, length in of:
        for halfword in range(first, first + length):
            at = position + halfword * HALFWORD_BYTES
            number = at // cache.line_bytes
            lines[number] = lines.get(number, 0) | 1 << at % cache.line_bytes // cache.fill_bytes
    return lines


def passage(
    cache: CodeCache, of: Laid, counts: Mapping[str, float], constants: Sequence[tuple[int, int]] = ()
) -> Passage:
    """What a layer of these counts brings; `constants` are the layer's, as (offset from the image's beginning, bytes).

    Code is executed as often as the count of its condition says, and once at least.
    """
    bits = np.zeros(len(of.numbers), np.int64)
    visits = np.zeros(len(of.numbers))
    for condition, is_read, lines, pieces in of.groups:
        if holds(condition, counts):
            bits[lines] |= pieces
            visits[lines] = np.maximum(visits[lines], 1.0 if is_read else max(1.0, counts.get(condition[0], 0.0)))
    there = np.flatnonzero(bits)
    visited = visits[there]
    return Passage(
        np.column_stack((of.numbers[there], bits[there], of.jumps[there])),
        visited,
        np.argsort(visited, kind="stable"),
        np.array(_passing_lines(cache, of.position, constants), np.int64).reshape(-1, 2),
    )


def _passing_lines(cache: CodeCache, position: int, constants: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Constants as (number of the first line, lines), as far as they go through the cache."""
    found = []
    for offset, size in constants if cache.holds_constants else ():
        first = (position + offset) // cache.line_bytes
        found.append((first, (position + offset + size - 1) // cache.line_bytes - first + 1))
    return found


def unknown_passage(cache: CodeCache) -> Passage:
    """What a layer brings of which nothing is known: about as much as others, and nothing that any of them needs."""
    none = np.zeros(0, np.int64)
    lines = np.array([[0, UNKNOWN_BYTES // cache.line_bytes]], np.int64)
    return Passage(none.reshape(-1, 3), none.astype(np.float64), none, lines)


def execute(cache: CodeCache, before: Contents, layer: Passage) -> tuple[int, int, Contents]:
    """Pieces of lines that a layer misses, those not reached from one missed before, and what is there afterwards."""
    held, after = before.copy(), empty(cache)
    per_line = cache.line_bytes // cache.fill_bytes
    code = layer.code.copy()
    pieces, rows = _fetch(held, code, per_line)
    _settle(held, code, layer.visits, layer.order, _passes(cache.sets, layer.constants), after)
    return int(pieces), int(rows), after


def empty(cache: CodeCache) -> Contents:
    """A cache that holds nothing."""
    found = np.zeros((cache.sets, cache.ways, 2), np.int32)
    found[:, :, NUMBER] = NO_LINE
    return found


@jit
def _passes(sets: Any, constants: Any) -> Any:
    """How many lines of constants go through each set."""
    found = np.zeros(sets, np.int64)
    for row in range(len(constants)):
        first, count = constants[row]
        found += count // sets
        for line in range(first, first + count % sets):
            found[line % sets] += 1
    return found


@jit
def _fetch(held: Any, code: Any, per_line: Any) -> Any:
    """Bring lines of code, whose bits become those of all that is there of them; as `execute` counts pieces."""
    sets, ways, _ = held.shape
    pieces, rows, behind = 0, 0, -1
    for row in range(len(code)):
        number, bits, jumps = code[row]
        entries = held[number % sets]
        place = 0
        while place < ways - 1 and entries[place, NUMBER] != number:
            place += 1
        there = entries[place, BITS] if entries[place, NUMBER] == number else 0
        for piece in range(per_line):
            if bits & ~there & 1 << piece:
                pieces += 1
                rows += number * per_line + piece != behind or jumps >> piece & 1 != 0
                behind = number * per_line + piece + 1
        for later in range(place, 0, -1):
            entries[later] = entries[later - 1]
        code[row, BITS] = bits | there
        entries[0, NUMBER] = number
        entries[0, BITS] = bits | there
    return pieces, rows


@jit
def _settle(held: Any, code: Any, visits: Any, order: Any, passing: Any, after: Any) -> None:
    """Fill `after` with what is there behind a layer.

    A line of its code lies behind the constants that passed since it was last executed; of lines that are executed as
    often, the one that came last is the most recent.
    """
    sets, ways, _ = held.shape
    placed = np.zeros(sets, np.int64)
    passed = np.zeros(sets, np.int64)
    for rank in range(len(order) - 1, -1, -1):
        row = order[rank]
        at = code[row, NUMBER] % sets
        since = passing[at] if visits[row] <= 1 else int(passing[at] / visits[row])
        _let_pass(after[at], placed, passed, at, min(since, ways))
        if placed[at] < ways:
            after[at, placed[at]] = code[row, :JUMPS]
            placed[at] += 1
    for at in range(sets):
        own = placed[at]
        _let_pass(after[at], placed, passed, at, min(passing[at], ways))
        for place in range(ways):
            number = held[at, place, NUMBER]
            is_own = number >= 0 and (after[at, :own, NUMBER] == number).any()
            if placed[at] < ways and number != NO_LINE and not is_own:
                after[at, placed[at]] = held[at, place]
                placed[at] += 1
        while placed[at] > 0 and after[at, placed[at] - 1, NUMBER] == CONSTANTS:
            placed[at] -= 1
            after[at, placed[at], NUMBER] = NO_LINE


@jit
def _let_pass(entries: Any, placed: Any, passed: Any, at: Any, lines: Any) -> None:
    """Place lines of constants until so many have passed a set."""
    while passed[at] < lines:
        if placed[at] < len(entries):
            entries[placed[at], NUMBER] = CONSTANTS
            placed[at] += 1
        passed[at] += 1
