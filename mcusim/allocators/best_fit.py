"""Sizes and lifetimes → offsets, in the order of time and each in the smallest gap that holds it, as compilers do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcusim.gaps import meet
from mcusim.runtime import Request


def allocate(requests: Sequence[Request]) -> tuple[int, ...]:
    """Offset of each request: by first moment, of one moment the largest first; of equal gaps the lowest.

    A buffer that no gap holds goes behind all that live with it.
    """
    order = sorted(range(len(requests)), key=lambda index: (requests[index].first, -requests[index].bytes, index))
    offsets: dict[int, int] = {}
    for index in order:
        wanted = requests[index]
        neighbours = sorted(
            (offset, offset + requests[other].bytes)
            for other, offset in offsets.items()
            if meet(wanted, requests[other])
        )
        fitting = [(size, start) for start, size in _gaps(neighbours) if size >= wanted.bytes]
        end = max((end for _, end in neighbours), default=0)
        offsets[index] = min(fitting)[1] if fitting else end
    return tuple(offsets[index] for index in range(len(requests)))


def _gaps(taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """(start, bytes) of what is free below and between stretches (start, end), which are sorted."""
    end = 0
    for start, stop in taken:
        if start > end:
            yield end, start - end
        end = max(end, stop)
