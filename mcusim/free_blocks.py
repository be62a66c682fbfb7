"""A list of free blocks in the order of their addresses → the first that fits, and what a freed block merges with.

Allocators that keep one list sorted by address walk it from link to link. Here the list is two arrays, of where the
blocks begin (their offset in the heap) and of their sizes, so that many are looked at in one instruction and the place
of an address is found by bisection. What is found is the same. Entries behind the last are 0.
"""

from __future__ import annotations

from typing import Any

from mcusim.fixedpoint import inlined, int64
from mcusim.lanes import LANES, copy, first_at_least

# The list within a heap's state: how many there are, how many could be, then the offsets, then the sizes.
COUNT, CAPACITY, OFFSETS = 0, 1, 2
NONE = -1


def capacity(heap_bytes: int, least_bytes: int) -> int:
    """How many free blocks there can be: no two of them touch, and blocks have `least_bytes` at least.

    Entries are moved in groups of LANES, so that there are two groups more.
    """
    return heap_bytes // (2 * least_bytes) + 1 + 2 * LANES


def words(entries: int) -> int:
    """The words of state that a list of so many entries takes."""
    return OFFSETS + 2 * entries


@inlined
def sizes(state: Any) -> Any:
    """Where in the state the sizes begin."""
    return OFFSETS + int64(state[CAPACITY])


@inlined
def first_fit(state: Any, wanted_bytes: Any) -> Any:
    """The number of the first block of at least that size, or NONE."""
    at = sizes(state)
    for group in range(0, int64(state[COUNT]), LANES):
        lane = first_at_least(state, at + group, wanted_bytes)  # entries behind the last have size 0
        if lane < LANES:
            return group + lane
    return int64(NONE)


@inlined
def place(state: Any, offset: Any) -> Any:
    """How many blocks begin before an offset."""
    first, left = int64(0), int64(state[COUNT])
    while left > LANES:
        half = left >> 1
        first += half if state[OFFSETS + first + half - 1] < offset else 0
        left -= half
    return first + min(first_at_least(state, OFFSETS + first, offset), left)


@inlined
def insert(state: Any, number: Any, offset: Any, size_bytes: Any) -> None:
    """Make a block the one of that number."""
    count, at = int64(state[COUNT]), sizes(state)
    for entry in range(number + (count - number & -LANES), number - 1, -LANES):
        copy(state, OFFSETS + entry + 1, OFFSETS + entry)
        copy(state, at + entry + 1, at + entry)
    state[OFFSETS + number] = offset
    state[at + number] = size_bytes
    state[COUNT] = count + 1


@inlined
def remove(state: Any, number: Any) -> None:
    """Take a block out of the list."""
    count, at = int64(state[COUNT]), sizes(state)
    for entry in range(number, count, LANES):
        copy(state, OFFSETS + entry, OFFSETS + entry + 1)
        copy(state, at + entry, at + entry + 1)
    state[COUNT] = count - 1


@inlined
def give_back(state: Any, offset: Any, size_bytes: Any) -> None:
    """Add a block to the list, merged with the one that ends where it begins and the one that begins where it ends."""
    number, at = place(state, offset), sizes(state)
    touches_next = number < state[COUNT] and state[OFFSETS + number] == offset + size_bytes
    before = number - 1
    touches_last = number > 0 and state[OFFSETS + before] + state[at + before] == offset
    if touches_last:
        state[at + before] += size_bytes
        if touches_next:
            state[at + before] += state[at + number]
            remove(state, number)
    elif touches_next:
        state[OFFSETS + number] = offset
        state[at + number] += size_bytes
    else:
        insert(state, number, offset, size_bytes)


@inlined
def total_and_largest(state: Any) -> Any:
    """The bytes of all free blocks, and of the largest."""
    at = sizes(state)
    total, largest = 0, 0
    for entry in range(at, at + int64(state[COUNT])):
        size = int64(state[entry])
        total += size
        largest = max(largest, size)
    return total, largest
