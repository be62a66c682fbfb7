"""Trace + Timing → the loops of the code, with where they lie and the cycles spent in them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim.timing import is_taken
from mcusim.trace import CAUSES, Instruction, Timing, Trace

Rows = NDArray[np.int64]

FETCH = (CAUSES.index("fetch"), CAUSES.index("cache"))


@dataclass(frozen=True, slots=True)
class Line:
    """An instruction of a loop: how often it executed, and the cycles that it took."""

    instruction: Instruction
    count: int
    cycles: int


@dataclass(frozen=True, slots=True)
class HotLoop:
    """A loop by its own code: `lines` and cycles, in order of CAUSES, are without those of loops within it.

    It is `bytes` long from `address` on; `iterations` are the times that it went back to its start.
    """

    function: str
    address: int
    bytes: int
    iterations: int
    by_cause: tuple[int, ...]
    lines: tuple[Line, ...]

    @property
    def cycles(self) -> int:
        """All cycles of its own code."""
        return sum(self.by_cause)


def hot_loops(trace: Trace, timing: Timing) -> tuple[HotLoop, ...]:
    """All loops of the trace whose own code took cycles, most cycles first.

    What goes back to the same place is one loop, as long as the longest way.
    """
    lines, causes = _by_address(trace, timing)
    functions = {block.address: block.function for block in trace.blocks}
    left = sorted(lines)
    found = []
    for start, end, times in _inner_first(trace):
        first, behind = bisect_left(left, start), bisect_left(left, end)
        inside, left = left[first:behind], left[:first] + left[behind:]
        sums = np.sum([causes[address] for address in inside], axis=0).tolist() if inside else ()
        if sum(sums):
            own = tuple(lines[address] for address in inside)
            found.append(HotLoop(functions[start], start, end - start, times, tuple(sums), own))
    return tuple(sorted(found, key=lambda loop: (-loop.cycles, loop.address)))


def _by_address(trace: Trace, timing: Timing) -> tuple[dict[int, Line], dict[int, Rows]]:
    """Each instruction with what it took, and that by cause, in whatever blocks it executed."""
    counts: Counter[int] = Counter()
    causes: dict[int, Rows] = {}
    instructions: dict[int, Instruction] = {}
    for block, visits, rows in zip(trace.blocks, trace.visits, timing.by_instruction, strict=True):
        for one, row in zip(block.instructions, rows, strict=True):
            instructions[one.address] = one
            counts[one.address] += visits
            causes[one.address] = causes[one.address] + row if one.address in causes else row
    lines = {address: Line(one, counts[address], int(causes[address].sum())) for address, one in instructions.items()}
    return lines, causes


def _inner_first(trace: Trace) -> list[tuple[int, int, int]]:
    """The loops as `_spans` has them, those within others before these, and one for each start."""
    longest: dict[int, tuple[int, int]] = {}
    for start, end, times in _spans(trace):
        before = longest.get(start, (end, 0))
        longest[start] = max(end, before[0]), times + before[1]
    spans = [(start, end, times) for start, (end, times) in longest.items()]
    return sorted(spans, key=lambda span: (span[1] - span[0], span[0]))


@dataclass(frozen=True, slots=True)
class Loop:
    """Code from a branch's target to the branch back to it: how long, how often, and how many cycles it took.

    `fetch_cycles` are those in which it waited for its own code.
    """

    function: str
    address: int
    bytes: int
    iterations: int
    cycles: int
    fetch_cycles: int


def hottest_loop(trace: Trace, timing: Timing) -> Loop | None:
    """The innermost loop around the block that took most cycles; None where that is in no loop."""
    cycles = [sum(row) for row in timing.by_block]
    if not any(cycles):
        return None
    hottest = trace.blocks[max(range(len(cycles)), key=lambda index: (cycles[index], -index))]
    around = [
        (start, end, times) for start, end, times in _spans(trace) if start <= hottest.address and hottest.end <= end
    ]
    if not around:
        return None
    start, end, times = min(around, key=lambda span: (span[1] - span[0], span[0]))
    inside = [index for index, block in enumerate(trace.blocks) if start <= block.address and block.end <= end]
    waits = sum(timing.by_block[index][column] for index in inside for column in FETCH)
    return Loop(hottest.function, start, end - start, times, sum(cycles[index] for index in inside), waits)


def _spans(trace: Trace) -> list[tuple[int, int, int]]:
    """(first address, address behind the last, times gone back) of each branch back within a function."""
    found: dict[tuple[int, int], int] = {}
    for edge in trace.edges:
        if edge.previous < 0 or not edge.count:
            continue
        source, target = trace.blocks[edge.previous], trace.blocks[edge.block]
        last = source.instructions[-1] if source.instructions else None
        if last is None or last.branch not in ("b", "conditional", "cbz") or source.function != target.function:
            continue
        if target.address <= last.address and is_taken(source, target):
            span = target.address, source.end
            found[span] = found.get(span, 0) + edge.count
    return [(start, end, times) for (start, end), times in sorted(found.items())]
