"""Sizes of a cache → its sets in an array of int64, and lines → whether they are there, least recently used replaced.

A set is a row of entries, the most recently used first. An entry is the number of its line (address // line size) and
bits of the cache's own: which parts of the line are there, for instance. Lines are found by all of their number, which
does as well as a tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import inlined

LINE, BITS = 0, 1
ENTRY_WORDS = 2
NO_LINE = -1


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of `ways` lines; a line's set is its number masked, its number the address shifted."""

    ways: int
    mask: int
    shift: int

    @property
    def words(self) -> int:
        """What `empty` takes."""
        return (self.mask + 1) * self.ways * ENTRY_WORDS


def empty(words: int) -> NDArray[np.int64]:
    """Sets without lines, in an array of so many words."""
    state = np.zeros(words, np.int64)
    state[LINE::ENTRY_WORDS] = NO_LINE
    return state


@inlined
def touch(state: Any, first: Any, ways: Any, line: Any) -> Any:
    """Whether a line is in the set that begins at `first`; afterwards it is, as its first entry.

    A line that comes anew replaces the least recently used and has no bits set.
    """
    held, held_bits = line, 0  # what goes into the entry at hand; what was there goes into the next
    at, end = first, first + ways * ENTRY_WORDS
    found = False
    while not found and at < end:
        entry, bits = state[at], state[at + BITS]
        state[at] = held
        state[at + BITS] = held_bits
        held, held_bits = entry, bits
        found = entry == line
        at += ENTRY_WORDS
    state[first + BITS] = held_bits if found else 0
    return found
