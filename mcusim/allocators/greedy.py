"""Sizes and lifetimes → offsets, as TensorFlow Lite Micro's GreedyMemoryPlanner places them: the largest first."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim.gaps import decreasing, in_turn
from mcusim.runtime import Request


def allocate(requests: Sequence[Request]) -> tuple[int, ...]:
    """Offset of each request, in bytes and in the order given; sizes are taken as they are, rounding is the caller's.

    By decreasing size, of equal ones the later first, each goes to the first gap that is large enough between the
    buffers that live at a common moment, else behind them. The rule is that of TFLM's planner, to the byte.
    """
    return in_turn(requests, decreasing(requests, range(len(requests))), {})
