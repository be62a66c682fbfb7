"""Requests and frees → addresses as Matthew Conte's TLSF returns them: good fit by two levels of size classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.allocation_marks import is_allocated, note_allocated, note_back
from mcusim.allocation_marks import words as mark_words
from mcusim.bits import highest_bit, lowest_bit
from mcusim.fixedpoint import inlined, int64, observing
from mcusim.heap import FREED, NEVER_ALLOCATED, OUTSIDE, Heap, Survey, check_place

TITLE = "TLSF"
ALIGNMENT = 4
HEADER_BYTES = 4  # the size; the link to the block before lies in that block's last word, which is free then
LEAST_BYTES = 12  # of a payload: two links, and the word that the next block's link to this one takes
CONTROL_BYTES = 3188  # the empty block's 16, a word of bits for the first level and 24 for the second, 24 * 32 heads
POOL_OVERHEAD_BYTES = 2 * HEADER_BYTES  # of the first block and of the one that marks the end

FIRST_LEVELS, SECOND_LEVELS, SECOND_BITS = 24, 32, 5
SMALL_BYTES = 128  # below, classes of one size each
SMALL_BIT = 7

# The state: parameters, the two levels of bits, the lists' heads, the marks, then the memory's words. A block is the
# number of its first word. It holds a link to the block before in memory (if that is free), its size with two flags,
# and, if it is free, links to the next and the previous in its list; 0 is no block.
BASE, POOL_BYTES, HEAP_BYTES, MARKS, MEMORY, FREE_BYTES, FREE_BLOCKS, FIRST_MAP = range(8)
SECOND_MAPS = FIRST_MAP + 1
HEADS = SECOND_MAPS + FIRST_LEVELS
PARAMETERS = HEADS + FIRST_LEVELS * SECOND_LEVELS
BEFORE, SIZE, NEXT, PREVIOUS = 0, 1, 2, 3
PAYLOAD = 2  # where the payload begins
IS_FREE, BEFORE_IS_FREE = 1, 2
FLAGS = IS_FREE | BEFORE_IS_FREE
SPLIT_BYTES = 16  # a block of at least so many more bytes than asked for is cut


def start(heap_bytes: int, base_address: int) -> NDArray[np.int32]:
    """The state of tlsf_create_with_pool(base_address, heap_bytes).

    The control structure takes the first 3,188 bytes. Raises BadInputError for an address that is no multiple of 4
    and for a heap without room for a block.
    """
    check_place(TITLE, heap_bytes, base_address, CONTROL_BYTES + POOL_OVERHEAD_BYTES + LEAST_BYTES, ALIGNMENT)
    pool_bytes = (heap_bytes - CONTROL_BYTES - POOL_OVERHEAD_BYTES) // ALIGNMENT * ALIGNMENT
    count = pool_bytes // ALIGNMENT
    memory = PARAMETERS + mark_words(count)
    state = np.zeros(memory + count + PAYLOAD + 2, np.int32)
    parameters = np.array([base_address + CONTROL_BYTES - HEADER_BYTES, pool_bytes, heap_bytes, PARAMETERS, memory])
    state[: len(parameters)] = parameters.astype(np.int32)
    state[memory + SIZE] = pool_bytes | IS_FREE
    end = memory + count + 1
    state[end + BEFORE], state[end + SIZE] = memory, BEFORE_IS_FREE
    _insert(state, memory, pool_bytes)
    return state


@inlined
def _class_of(size_bytes: Any) -> Any:
    """First and second level of the class that a size belongs to."""
    if size_bytes < SMALL_BYTES:
        return int64(0), int64(size_bytes) // (SMALL_BYTES // SECOND_LEVELS)
    high = highest_bit(size_bytes)
    return high - SMALL_BIT + 1, (int64(size_bytes) >> high - SECOND_BITS) - SECOND_LEVELS


@inlined
def _rounded(size_bytes: Any) -> Any:
    """The size of which all blocks in its class are large enough for a request."""
    if size_bytes < SMALL_BYTES:
        return int64(size_bytes)
    return int64(size_bytes) + (1 << highest_bit(size_bytes) - SECOND_BITS) - 1


@observing
def _insert(state: Any, block: Any, size_bytes: Any) -> None:
    """Make a free block the first of its class."""
    first, second = _class_of(size_bytes)
    head = HEADS + first * SECOND_LEVELS + second
    following = int64(state[head])
    state[block + NEXT], state[block + PREVIOUS] = following, 0
    if following:
        state[following + PREVIOUS] = block
    else:
        state[FIRST_MAP] |= 1 << first
        state[SECOND_MAPS + first] |= 1 << second
    state[head] = block
    state[FREE_BYTES] += size_bytes + HEADER_BYTES
    state[FREE_BLOCKS] += 1


@observing
def _remove(state: Any, block: Any, size_bytes: Any) -> None:
    """Take a free block out of its class."""
    following, previous = int64(state[block + NEXT]), int64(state[block + PREVIOUS])
    if following:
        state[following + PREVIOUS] = previous
    if previous:
        state[previous + NEXT] = following
    else:
        first, second = _class_of(size_bytes)
        state[HEADS + first * SECOND_LEVELS + second] = following
        if following == 0:
            state[SECOND_MAPS + first] &= ~(1 << second)
            if state[SECOND_MAPS + first] == 0:
                state[FIRST_MAP] &= ~(1 << first)
    state[FREE_BYTES] -= size_bytes + HEADER_BYTES
    state[FREE_BLOCKS] -= 1


@inlined
def _find(state: Any, wanted_bytes: Any) -> Any:
    """The first block of the first class whose blocks are all large enough, 0 without one."""
    first, second = _class_of(_rounded(wanted_bytes))
    if first >= FIRST_LEVELS:
        return int64(0)
    seconds = int64(state[SECOND_MAPS + first]) & 0xFFFF_FFFF & -(1 << second)
    if seconds == 0:
        firsts = int64(state[FIRST_MAP]) & -(1 << first + 1)
        if firsts == 0:
            return int64(0)
        first = lowest_bit(firsts)
        seconds = int64(state[SECOND_MAPS + first]) & 0xFFFF_FFFF
    return int64(state[HEADS + first * SECOND_LEVELS + lowest_bit(seconds)])


@inlined
def _behind(block: Any, size_bytes: Any) -> Any:
    """The block behind one in memory."""
    return block + (size_bytes >> 2) + 1


@observing
def malloc(state: Any, request_bytes: Any) -> Any:
    """The address of a new block, 0 if no class has one or nothing is asked for."""
    if request_bytes <= 0 or request_bytes > state[POOL_BYTES]:
        return int64(0)
    wanted_bytes = max((int64(request_bytes) + ALIGNMENT - 1) & -ALIGNMENT, LEAST_BYTES)
    block = _find(state, wanted_bytes)
    if block == 0:
        return int64(0)
    size_bytes = int64(state[block + SIZE]) & ~FLAGS
    _remove(state, block, size_bytes)
    rest_bytes = size_bytes - wanted_bytes - HEADER_BYTES
    behind = _behind(block, size_bytes)
    if size_bytes >= wanted_bytes + SPLIT_BYTES:
        rest = _behind(block, wanted_bytes)
        state[rest + SIZE] = rest_bytes | IS_FREE
        state[behind + BEFORE] = rest
        _insert(state, rest, rest_bytes)
        size_bytes = wanted_bytes
    else:
        state[behind + SIZE] &= ~BEFORE_IS_FREE
    state[block + SIZE] = size_bytes  # the block before is not free, as two free ones would be one
    place = block - int64(state[MEMORY])
    note_allocated(state, int64(state[MARKS]), place)
    return (int64(state[BASE]) & 0xFFFF_FFFF) + (place + PAYLOAD) * ALIGNMENT


@observing
def free(state: Any, address: Any) -> Any:
    """Give a block back; what it returns is said in `heap.Heap`."""
    if address == 0:
        return FREED
    offset = int64(address) - (int64(state[BASE]) & 0xFFFF_FFFF) - PAYLOAD * ALIGNMENT
    if offset < 0 or offset >= state[POOL_BYTES]:
        return OUTSIDE
    if offset % ALIGNMENT:
        return NEVER_ALLOCATED
    error = note_back(state, int64(state[MARKS]), offset // ALIGNMENT)
    if error:
        return error
    block = int64(state[MEMORY]) + offset // ALIGNMENT
    header = int64(state[block + SIZE])
    size_bytes = header & ~FLAGS
    behind = _behind(block, size_bytes)
    if header & BEFORE_IS_FREE:
        block = int64(state[block + BEFORE])
        before_bytes = int64(state[block + SIZE]) & ~FLAGS
        _remove(state, block, before_bytes)
        size_bytes += before_bytes + HEADER_BYTES
    header = int64(state[behind + SIZE])
    if header & IS_FREE:
        behind_bytes = header & ~FLAGS
        _remove(state, behind, behind_bytes)
        size_bytes += behind_bytes + HEADER_BYTES
        behind = _behind(behind, behind_bytes)
    state[block + SIZE] = size_bytes | IS_FREE
    state[behind + SIZE] |= BEFORE_IS_FREE
    state[behind + BEFORE] = block
    _insert(state, block, size_bytes)
    return FREED


@observing
def survey(state: Any) -> Any:
    """The heap now, as a `heap.Survey`; the largest request is the smallest size of the highest class with a block."""
    largest_bytes, request_bytes = int64(0), int64(0)
    if state[FIRST_MAP]:
        first = highest_bit(int64(state[FIRST_MAP]))
        second = highest_bit(int64(state[SECOND_MAPS + first]) & 0xFFFF_FFFF)
        request_bytes = second << 2 if first == 0 else (SECOND_LEVELS + second) << first + 1
        block = int64(state[HEADS + first * SECOND_LEVELS + second])
        while block:
            largest_bytes = max(largest_bytes, int64(state[block + SIZE]) & ~FLAGS)
            block = int64(state[block + NEXT])
        largest_bytes += HEADER_BYTES
    free_bytes = int64(state[FREE_BYTES])
    used_bytes = int64(state[HEAP_BYTES]) - free_bytes
    return Survey(free_bytes, largest_bytes, int64(state[FREE_BLOCKS]), used_bytes, 0, request_bytes)


@observing
def payload_bytes(state: Any, address: Any) -> Any:
    """The bytes that the program has in the block at an address, 0 where none is allocated."""
    offset = int64(address) - (int64(state[BASE]) & 0xFFFF_FFFF) - PAYLOAD * ALIGNMENT
    if offset < 0 or offset >= state[POOL_BYTES] or offset % ALIGNMENT:
        return int64(0)
    if not is_allocated(state, int64(state[MARKS]), offset // ALIGNMENT):
        return int64(0)
    return int64(state[int64(state[MEMORY]) + offset // ALIGNMENT + SIZE]) & ~FLAGS


HEAP = Heap(
    name="tlsf",
    title=TITLE,
    source="mattconte/tlsf, tlsf.c at deff9ab",
    overhead_bytes=HEADER_BYTES,
    start=start,
    malloc=malloc,
    free=free,
    survey=survey,
    payload_bytes=payload_bytes,
)
