"""Sizes, lifetimes and offsets of buffers → free places between them, their peak, and what is wrong with a plan."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from mcusim.runtime import Request


def meet(one: Request, other: Request) -> bool:
    """Whether two buffers live at a common moment."""
    return one.first <= other.last and other.first <= one.last


def in_turn(requests: Sequence[Request], order: Iterable[int], fixed: Mapping[int, int]) -> tuple[int, ...]:
    """Offset of each request: those in `order`, one after the other, each in its lowest gap beside the `fixed`.

    That is the lowest offset at which it overlaps none of those before it in both time and space.
    """
    offsets = dict(fixed)
    # Offset, end and lifetime of what is placed, by offset: a tuple is what Python is fastest to look through.
    placed = sorted(_extent(requests[index], offset) for index, offset in fixed.items())
    for index in order:
        wanted = requests[index]
        size, begin, finish = wanted.bytes, wanted.first, wanted.last
        candidate = 0
        for offset, end, first, last in placed:
            if first <= finish and begin <= last:
                if offset - candidate >= size:
                    break
                if end > candidate:
                    candidate = end
        offsets[index] = candidate
        insort(placed, _extent(wanted, candidate))
    return tuple(offsets[index] for index in range(len(requests)))


def _extent(one: Request, offset: int) -> tuple[int, int, int, int]:
    return offset, offset + one.bytes, one.first, one.last


def decreasing(requests: Sequence[Request], indices: Iterable[int]) -> list[int]:
    """Indices by decreasing size, of equal ones the later first: the order of TFLM's GreedyMemoryPlanner."""
    return sorted(indices, key=lambda index: (-requests[index].bytes, -index))


def peak_bytes(requests: Sequence[Request], offsets: Sequence[int]) -> int:
    """The bytes that a plan takes."""
    return max((offset + one.bytes for offset, one in zip(offsets, requests, strict=True)), default=0)


def live_bound_bytes(requests: Iterable[Request]) -> int:
    """The most bytes alive at one moment: no plan takes less."""
    changes: Counter[int] = Counter()
    for one in requests:
        changes[one.first] += one.bytes
        changes[one.last + 1] -= one.bytes
    return max(accumulate(change for _, change in sorted(changes.items())), default=0)


def overlap(requests: Sequence[Request], offsets: Sequence[int]) -> tuple[int, int] | None:
    """The first two buffers, by index, that lie in the same bytes at the same moment; None where all lie apart."""
    for index, (one, offset) in enumerate(zip(requests, offsets, strict=True)):
        for before in range(index):
            other, start = requests[before], offsets[before]
            if meet(one, other) and offset < start + other.bytes and start < offset + one.bytes:
                return before, index
    return None
