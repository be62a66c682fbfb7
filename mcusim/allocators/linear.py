"""Sizes → offsets, as TensorFlow Lite Micro's LinearMemoryPlanner places them: each behind the one before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from mcusim.errors import UnsupportedError
from mcusim.runtime import Request

MOST_BUFFERS = 1024  # kMaxBufferCount of linear_memory_planner.h


def allocate(requests: Sequence[Request]) -> tuple[int, ...]:
    """Offset of each request: no byte is used twice, so that every tensor can be read after the inference.

    UnsupportedError for more buffers than TFLM's planner has room for.
    """
    if len(requests) > MOST_BUFFERS:
        raise UnsupportedError(
            f"TensorFlow Lite Micro's linear planner has room for {MOST_BUFFERS:,} buffers; these are {len(requests):,}"
        )
    return tuple(accumulate((one.bytes for one in requests[:-1]), initial=0)) if requests else ()
