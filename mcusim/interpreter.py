"""Work that imports and compiles much → its result, without what Python spends on garbage and on its own stack."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")

# New objects between two searches for garbage in cycles, 700 by default: nearly all that imports and the compiler make
# stays, and a short run, which searches it at least once, takes a fifteenth of its time for that.
NEW_OBJECTS = 1_000_000
# Words of a frame that makes Python ask for a mebibyte of stack at once, nearly half of which is left for the frames
# that follow. It grows its stack by 16 KiB, and gives these back as soon as a function that did not fit in returns: a
# small function that is called again and again just there takes ten times as long (CPython 3.11's push_chunk). The
# compiler's calls are deep enough to meet such a place.
_FRAME_WORDS = (1 << 20) // 8 // 2 + 1024


def unhindered(work: Callable[[], _Result], is_last: bool) -> _Result:
    """What `work` returns; it is called with room on Python's stack and with the collector at rest.

    Where it is the last that the process does, Python does not search for garbage behind it either.
    """
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        return with_room(work)
    finally:
        if is_last:
            gc.freeze()
        else:
            gc.set_threshold(*before)


def with_room(work: Callable[[], _Result]) -> _Result:
    """What `work` returns; it is called with room on Python's stack, on a thread that compiles."""
    return work()


with_room.__code__ = with_room.__code__.replace(co_stacksize=_FRAME_WORDS)
