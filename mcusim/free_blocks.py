"""A list of free blocks in the order of their addresses → the first that fits, and what a freed block merges with.

Allocators that keep one list sorted by address walk it from link to link. Here it lies in groups of up to LANES blocks,
under a directory of where each group begins and of its largest block, so that as many groups or blocks are looked at in
one instruction. What is found is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import inlined, int64, observing
from mcusim.lanes import LANES, copy, first_at_least, insert, largest, put, remove, total

# The list within a heap's state: how many groups there are and could be, and words for the heap's own use; of each
# group the offset in the heap where its first block begins (NOWHERE behind the last), then of each the size of its
# largest block (0 behind the last), then the groups: offsets of blocks (NOWHERE behind the last), then sizes (0 behind
# the last).
GROUPS, CAPACITY, OWN, FIRSTS = 0, 1, 2, 16
GROUP_WORDS = 2 * LANES
NOWHERE = 2**31 - 1
NONE = -1


def words(most_blocks: int) -> int:
    """The words of state that a list of up to so many blocks takes."""
    return FIRSTS + _groups(most_blocks) * (2 + GROUP_WORDS) + LANES


def _groups(most_blocks: int) -> int:
    """Twice as many as full groups would be, and then some; in whole lanes."""
    return (most_blocks // (LANES // 2) // LANES + 2) * LANES


def most_blocks(heap_bytes: int, least_bytes: int) -> int:
    """How many free blocks there can be: no two of them touch, and blocks have `least_bytes` at least."""
    return heap_bytes // (2 * least_bytes) + 1


def empty(state: NDArray[np.int32], blocks: int) -> None:
    """Make a list of up to so many blocks at the beginning of a state; the state is all 0."""
    groups = _groups(blocks)
    state[CAPACITY] = groups
    state[FIRSTS : FIRSTS + groups] = NOWHERE


@inlined
def _largest_at(state: Any) -> Any:
    """Where in the state the sizes of the groups' largest blocks begin."""
    return FIRSTS + int64(state[CAPACITY])


@inlined
def _blocks_at(state: Any) -> Any:
    """Where in the state the groups begin."""
    return FIRSTS + 2 * int64(state[CAPACITY])


@inlined
def _group_at(state: Any, group: Any) -> Any:
    return _blocks_at(state) + group * GROUP_WORDS


@inlined
def _note(state: Any, group: Any, at: Any) -> None:
    """Bring the directory's size for the group that begins at a word up to date."""
    largest_bytes = largest(state, at + LANES)
    lane = group % LANES
    put(state, _largest_at(state) + group - lane, lane, largest_bytes)


@inlined
def _begin(state: Any, group: Any, offset: Any) -> None:
    """Say in the directory where a group begins."""
    lane = group % LANES
    put(state, FIRSTS + group - lane, lane, offset)


# A block's number is that of its group times LANES and that of its lane.


@inlined
def first_fit(state: Any, wanted_bytes: Any) -> Any:
    """The number of the first block of at least that size, or NONE."""
    at = _largest_at(state)
    for group in range(0, int64(state[GROUPS]), LANES):
        lane = first_at_least(state, at + group, wanted_bytes)
        if lane < LANES:
            found = group + lane
            return found * LANES + first_at_least(state, _group_at(state, found) + LANES, wanted_bytes)
    return int64(NONE)


@inlined
def last(state: Any) -> Any:
    """The number of the last block, or NONE."""
    group = int64(state[GROUPS]) - 1
    if group < 0:
        return int64(NONE)
    return group * LANES + first_at_least(state, _group_at(state, group), NOWHERE) - 1


@inlined
def offset_of(state: Any, block: Any) -> Any:
    """Where in the heap a block begins."""
    return int64(state[_group_at(state, block // LANES) + block % LANES])


@inlined
def size_of(state: Any, block: Any) -> Any:
    """The bytes of a block."""
    return int64(state[_group_at(state, block // LANES) + LANES + block % LANES])


@inlined
def change(state: Any, block: Any, offset: Any, size_bytes: Any) -> None:
    """Give a block another begin and size, so that it stays between its neighbours."""
    group, lane = block // LANES, block % LANES
    at = _group_at(state, group)
    put(state, at, lane, offset)
    put(state, at + LANES, lane, size_bytes)
    _note(state, group, at)
    if lane == 0:
        _begin(state, group, offset)


@observing
def _drop(state: Any, group: Any) -> None:
    """Take an empty group out of the directory."""
    count = int64(state[GROUPS]) - 1
    for other in range(group, count):
        source = _group_at(state, other + 1)
        copy(state, source - GROUP_WORDS, source)
        copy(state, source - GROUP_WORDS + LANES, source + LANES)
        state[FIRSTS + other] = state[FIRSTS + other + 1]
        state[_largest_at(state) + other] = state[_largest_at(state) + other + 1]
    state[FIRSTS + count] = NOWHERE
    state[_largest_at(state) + count] = 0
    state[GROUPS] = count


@inlined
def take(state: Any, block: Any) -> None:
    """Take a block out of the list."""
    group, lane = block // LANES, block % LANES
    at = _group_at(state, group)
    remove(state, at, lane, NOWHERE)
    remove(state, at + LANES, lane, 0)
    _note(state, group, at)
    if lane == 0:
        first = int64(state[at])
        _begin(state, group, first)
        if first == NOWHERE:
            _drop(state, group)


@observing
def _pack(state: Any) -> None:
    """Move all blocks into as few groups as can be."""
    count, at = int64(0), _blocks_at(state)
    for group in range(int64(state[GROUPS])):
        for lane in range(LANES):
            source, target = _group_at(state, group) + lane, _group_at(state, count // LANES) + count % LANES
            offset, size_bytes = state[source], state[source + LANES]
            if size_bytes:
                state[source], state[source + LANES] = NOWHERE, 0
                state[target], state[target + LANES] = offset, size_bytes
                count += 1
    groups = (count + LANES - 1) // LANES
    for group in range(int64(state[GROUPS])):
        state[FIRSTS + group] = state[at + group * GROUP_WORDS] if group < groups else NOWHERE
        state[_largest_at(state) + group] = 0
        if group < groups:
            _note(state, group, _group_at(state, group))
    state[GROUPS] = groups


@observing
def _split(state: Any, group: Any) -> None:
    """Put the second half of a full group into a new one behind it."""
    count = int64(state[GROUPS])
    for other in range(count, group, -1):
        target = _group_at(state, other)
        copy(state, target, target - GROUP_WORDS)
        copy(state, target + LANES, target - GROUP_WORDS + LANES)
        state[FIRSTS + other] = state[FIRSTS + other - 1]
        state[_largest_at(state) + other] = state[_largest_at(state) + other - 1]
    at = _group_at(state, group)
    for lane in range(LANES // 2):
        kept, moved = at + LANES // 2 + lane, at + GROUP_WORDS + lane
        state[moved], state[moved + LANES] = state[kept], state[kept + LANES]
        state[kept], state[kept + LANES] = NOWHERE, 0
        state[moved + LANES // 2], state[moved + LANES + LANES // 2] = NOWHERE, 0
    state[FIRSTS + group + 1] = state[at + GROUP_WORDS]
    state[GROUPS] = count + 1
    _note(state, group, at)
    _note(state, group + 1, at + GROUP_WORDS)


@inlined
def _group_of(state: Any, offset: Any) -> Any:
    """The last group that begins before an offset, or the first."""
    lanes, left = int64(0), (int64(state[GROUPS]) + LANES - 1) // LANES
    while left > 1:
        half = left >> 1
        lanes += half if state[FIRSTS + (lanes + half) * LANES] < offset else 0
        left -= half
    return max(lanes * LANES + first_at_least(state, FIRSTS + lanes * LANES, offset) - 1, 0)


@observing
def _room(state: Any, offset: Any) -> Any:
    """A group with room for the block that begins at an offset, which is the one where it belongs."""
    if state[GROUPS] == 0:
        at = _group_at(state, 0)
        for lane in range(LANES):
            state[at + lane], state[at + LANES + lane] = NOWHERE, 0
        state[GROUPS] = 1
        return int64(0)
    if state[GROUPS] == state[CAPACITY]:
        _pack(state)
    group = _group_of(state, offset)
    if state[_group_at(state, group) + LANES - 1] != NOWHERE:
        _split(state, group)
    return _group_of(state, offset)


@inlined
def give_back(state: Any, offset: Any, size_bytes: Any) -> None:
    """Add a block to the list, merged with the one that ends where it begins and the one that begins where it ends."""
    groups = int64(state[GROUPS])
    group = _group_of(state, offset)
    at = _group_at(state, group)
    lane = first_at_least(state, at, offset) if groups else int64(0)
    is_last = lane == LANES or state[at + lane] == NOWHERE
    following = (group + 1) * LANES if is_last else group * LANES + lane
    touches_next = following < groups * LANES and offset_of(state, following) == offset + size_bytes
    if touches_next:
        size_bytes += size_of(state, following)
    if lane > 0 and state[at + lane - 1] + state[at + LANES + lane - 1] == offset:
        if touches_next:
            take(state, following)
        begin, before_bytes = int64(state[at + lane - 1]), int64(state[at + LANES + lane - 1])
        change(state, group * LANES + lane - 1, begin, before_bytes + size_bytes)
    elif touches_next:
        change(state, following, offset, size_bytes)
    else:
        if groups == 0 or state[at + LANES - 1] != NOWHERE:
            group = _room(state, offset)
            at = _group_at(state, group)
            lane = first_at_least(state, at, offset)
        insert(state, at, lane, offset)
        insert(state, at + LANES, lane, size_bytes)
        _note(state, group, at)
        if lane == 0:
            _begin(state, group, offset)


@inlined
def survey(state: Any) -> Any:
    """The bytes of all free blocks, and of the largest, and their number."""
    total_bytes, largest_bytes, count = int64(0), int64(0), int64(0)
    for group in range(int64(state[GROUPS])):
        at = _group_at(state, group)
        total_bytes += total(state, at + LANES)
        count += min(first_at_least(state, at, NOWHERE), LANES)
        largest_bytes = max(largest_bytes, int64(state[_largest_at(state) + group]))
    return total_bytes, largest_bytes, count
