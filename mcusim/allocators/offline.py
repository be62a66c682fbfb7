"""Sizes, lifetimes and some fixed offsets → all offsets, as GreedyMemoryPlanner places the rest around a fixed plan."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim.gaps import decreasing, in_turn
from mcusim.runtime import Request


def allocate(requests: Sequence[Request]) -> tuple[int, ...]:
    """Offset of each request: those with an offset stay there, even one in another; the rest as the greedy planner.

    Fixed ones are placed before all others, whatever their size; without any this is the greedy plan
    (greedy_memory_planner.cc, CalculateOffsetsIfNeeded).
    """
    fixed = {index: one.fixed_offset for index, one in enumerate(requests) if one.fixed_offset is not None}
    online = [index for index in range(len(requests)) if index not in fixed]
    return in_turn(requests, decreasing(requests, online), fixed)
