"""Sizes and lifetimes → offsets, as TensorFlow Lite Micro's GreedyMemoryPlanner places them: the largest first."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim.runtime import Request


def allocate(requests: Sequence[Request]) -> tuple[int, ...]:
    """Offset of each request, in bytes and in the order given; sizes are taken as they are, rounding is the caller's.

    By decreasing size, of equal ones the later first, each goes to the first gap that is large enough between the
    buffers that live at a common moment, else behind them. The rule is that of TFLM's planner, to the byte.
    """
    order = sorted(range(len(requests)), key=lambda index: (-requests[index].bytes, -index))
    offsets: dict[int, int] = {}
    for index in order:
        offsets[index] = _first_gap(requests[index], [(offsets[other], requests[other]) for other in offsets])
    return tuple(offsets[index] for index in range(len(requests)))


def _first_gap(wanted: Request, placed: list[tuple[int, Request]]) -> int:
    """The lowest offset at which a buffer overlaps none of the placed ones in both time and space."""
    candidate = 0
    neighbours = [(offset, other) for offset, other in placed if _meet(wanted, other)]
    for offset, other in sorted(neighbours, key=lambda item: item[0]):
        if offset - candidate >= wanted.bytes:
            break
        candidate = max(candidate, offset + other.bytes)
    return candidate


def _meet(one: Request, other: Request) -> bool:
    return one.first <= other.last and other.first <= one.last
