"""Trace + Timing → the loops of the code, with where they lie and the cycles spent in them."""

from __future__ import annotations

from dataclasses import dataclass

from mcusim.timing import is_taken
from mcusim.trace import CAUSES, Timing, Trace

FETCH = (CAUSES.index("fetch"), CAUSES.index("cache"))


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
        jumps = source.instructions and source.instructions[-1].branch in ("b", "conditional", "cbz")
        goes_back = jumps and target.address <= source.address and source.function == target.function
        if goes_back and is_taken(source, target):
            span = target.address, source.end
            found[span] = found.get(span, 0) + edge.count
    return [(start, end, times) for (start, end), times in sorted(found.items())]
