"""Sizes and lifetimes → offsets: buffers to their lowest gaps in an order that is changed at random, the best kept.

Compilers search so (Vela's hill climb, TVM's USMP): a plan is made of an order, and the search is over orders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit
from mcusim.gaps import decreasing, in_turn, live_bound_bytes, peak_bytes
from mcusim.runtime import Request

STEPS = 20_000
MOST_WORK = 1 << 27  # steps × buffers²: about a second
SEED = 1

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
    best = np.empty(len(requests), np.int64)
    _climb(np.array(order, np.int64), sizes, firsts, lasts, bound, steps, seed, best)
    return tuple(best.tolist())


@jit
def _climb(
    order: _Ints, sizes: _Ints, firsts: _Ints, lasts: _Ints, bound: int, steps: int, state: int, best: _Ints
) -> None:
    """Exchange two places of the order, one of them of a buffer that lives with the highest; undo what is worse."""
    count = order.size
    by_offset, offsets = np.empty(count, np.int64), np.empty(count, np.int64)
    peak = _place(order, sizes, firsts, lasts, by_offset, offsets)
    least = peak
    best[:] = offsets
    highest = np.argmax(offsets + sizes)
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
        found = _place(order, sizes, firsts, lasts, by_offset, offsets)
        if found > peak:
            order[one], order[other] = order[other], order[one]
            continue
        peak = found
        highest = np.argmax(offsets + sizes)
        if peak < least:
            least = peak
            best[:] = offsets


@jit
def _place(order: _Ints, sizes: _Ints, firsts: _Ints, lasts: _Ints, by_offset: _Ints, offsets: _Ints) -> int:
    """Each in its lowest gap, in this order; returns the peak. `by_offset` is for the placed ones, sorted."""
    peak = 0
    for placed in range(order.size):
        wanted = order[placed]
        candidate = 0
        for position in range(placed):
            other = by_offset[position]
            if firsts[other] > lasts[wanted] or lasts[other] < firsts[wanted]:
                continue
            if offsets[other] - candidate >= sizes[wanted]:
                break
            candidate = max(candidate, offsets[other] + sizes[other])
        offsets[wanted] = candidate
        position = placed
        while position > 0 and offsets[by_offset[position - 1]] > candidate:
            by_offset[position] = by_offset[position - 1]
            position -= 1
        by_offset[position] = wanted
        peak = max(peak, candidate + sizes[wanted])
    return peak
