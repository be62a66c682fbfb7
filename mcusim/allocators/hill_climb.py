"""Sizes and lifetimes → offsets: buffers to their lowest gaps in an order that is changed at random, the best kept.

Compilers search so (Vela's hill climb, TVM's USMP): a plan is made of an order, and the search is over orders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import inner, observing
from mcusim.gaps import decreasing, in_turn, live_bound_bytes, peak_bytes
from mcusim.runtime import Request

STEPS = 20_000
MOST_WORK = 1 << 27  # steps × buffers²: about a second
SEED = 1

_BEST, _PRESENT, _BY_OFFSET = range(3)

_Ints = NDArray[np.int64]


def allocate(requests: Sequence[Request]) -> tuple[int, ...]:
    """Offset of each request; the same for the same requests. The search begins at the greedy plan's order."""
    return search(requests, min(STEPS, MOST_WORK // max(len(requests) ** 2, 1)), SEED)


def search(requests: Sequence[Request], steps: int, seed: int) -> tuple[int, ...]:
    """Offsets after so many steps at most; it ends early at the bytes that are alive at once, below which none is."""
    order = decreasing(requests, range(len(requests)))
    start, bound = in_turn(requests, order, {}), live_bound_bytes(requests)
    if peak_bytes(requests, start) == bound:
        return start
    sizes, firsts, lasts = (
        np.array([getattr(one, name) for one in requests], np.int64) for name in ("bytes", "first", "last")
    )
    work = np.empty((3, len(requests)), np.int64)
    _climb(np.array(order, np.int64), sizes, firsts, lasts, bound, steps, seed, work)
    return tuple(work[_BEST].tolist())


@observing
def _climb(
    order: _Ints, sizes: _Ints, firsts: _Ints, lasts: _Ints, bound: int, steps: int, state: int, work: _Ints
) -> None:
    """Exchange two places of the order, one of them of a buffer that lives with the highest; undo what is worse.

    `work`: the best offsets, those of the present order, and buffers by offset.
    """
    count = order.size
    peak = least = _place(order, sizes, firsts, lasts, work)
    highest = _keep(sizes, peak, work, True)
    for _ in range(steps):
        if least <= bound:
            break
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        one = (state >> 8) % count
        # From a place drawn at random on, the first buffer that lives together with the highest one.
        while firsts[order[one]] > lasts[highest] or lasts[order[one]] < firsts[highest]:
            one = (one + 1) % count
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        other = (state >> 8) % count
        order[one], order[other] = order[other], order[one]
        found = _place(order, sizes, firsts, lasts, work)
        if found > peak:
            order[one], order[other] = order[other], order[one]
        else:
            highest = _keep(sizes, found, work, found < least)
            peak, least = found, min(found, least)


@inner
def _keep(sizes: _Ints, peak: int, work: _Ints, is_best: bool) -> int:
    """The first buffer that ends at the peak; the present offsets become the best ones, if they are."""
    highest = -1
    for index in range(sizes.size):
        if highest < 0 and work[_PRESENT, index] + sizes[index] == peak:
            highest = index
        if is_best:
            work[_BEST, index] = work[_PRESENT, index]
    return highest


@inner
def _place(order: _Ints, sizes: _Ints, firsts: _Ints, lasts: _Ints, work: _Ints) -> int:
    """Each in its lowest gap, in this order; returns the peak."""
    peak = 0
    for placed in range(order.size):
        wanted = order[placed]
        candidate = 0
        for position in range(placed):
            other = work[_BY_OFFSET, position]
            if firsts[other] > lasts[wanted] or lasts[other] < firsts[wanted]:
                continue
            if work[_PRESENT, other] - candidate >= sizes[wanted]:
                break
            candidate = max(candidate, work[_PRESENT, other] + sizes[other])
        work[_PRESENT, wanted] = candidate
        position = placed
        while position > 0 and work[_PRESENT, work[_BY_OFFSET, position - 1]] > candidate:
            work[_BY_OFFSET, position] = work[_BY_OFFSET, position - 1]
            position -= 1
        work[_BY_OFFSET, position] = wanted
        peak = max(peak, candidate + sizes[wanted])
    return peak
