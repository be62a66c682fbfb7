"""Which places of a heap malloc returned and which came back → whether an address can be freed, two bits a place."""

from __future__ import annotations

from typing import Any

from mcusim.fixedpoint import inlined, int64
from mcusim.heap import ALREADY_FREE, FREED, NEVER_ALLOCATED

PLACES = 16  # in a word
BITS = 2
NEVER, ALLOCATED, BACK = 0, 1, 2
MASK = 3


def words(places: int) -> int:
    """The words of state that so many places take."""
    return -(-places // PLACES)


@inlined
def note_allocated(state: Any, first: Any, place: Any) -> None:
    """A block at a place, counted from the word `first` of the state, was handed out."""
    at, shift = first + (place >> 4), (place & PLACES - 1) * BITS
    state[at] = (int64(state[at]) & ~(MASK << shift)) | ALLOCATED << shift


@inlined
def is_allocated(state: Any, first: Any, place: Any) -> Any:
    """Whether a block at a place is the program's."""
    return (int64(state[first + (place >> 4)]) >> (place & PLACES - 1) * BITS) & MASK == ALLOCATED


@inlined
def note_back(state: Any, first: Any, place: Any) -> Any:
    """A block at a place comes back, if one was handed out there; what heap.free returns of it."""
    at, shift = first + (place >> 4), (place & PLACES - 1) * BITS
    mark = (int64(state[at]) >> shift) & MASK
    if mark != ALLOCATED:
        return NEVER_ALLOCATED if mark == NEVER else ALREADY_FREE
    state[at] = int64(state[at]) ^ (ALLOCATED ^ BACK) << shift
    return FREED
