"""Sizes, lifetimes and offsets of buffers → free places between them, their peak, and what is wrong with a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

from mcusim.runtime import Request


def meet(one: Request, other: Request) -> bool:
    """Whether two buffers live at a common moment."""
    return one.first <= other.last and other.first <= one.last


def lowest_gap(wanted: Request, placed: Iterable[tuple[int, Request]]) -> int:
    """The lowest offset at which a buffer overlaps none of the placed ones, (offset, request), in time and space."""
    candidate = 0
    neighbours = [(offset, other) for offset, other in placed if meet(wanted, other)]
    for offset, other in sorted(neighbours, key=lambda item: item[0]):
        if offset - candidate >= wanted.bytes:
            break
        candidate = max(candidate, offset + other.bytes)
    return candidate


def in_turn(requests: Sequence[Request], order: Iterable[int], fixed: dict[int, int]) -> tuple[int, ...]:
    """Offset of each request: those in `order`, one after the other, each in its lowest gap beside the `fixed`."""
    offsets = dict(fixed)
    for index in order:
        placed = [(offset, requests[other]) for other, offset in offsets.items()]
        offsets[index] = lowest_gap(requests[index], placed)
    return tuple(offsets[index] for index in range(len(requests)))


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
