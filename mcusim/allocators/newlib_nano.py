"""Requests and frees → addresses as newlib-nano's malloc returns them: first fit by address, the rest from sbrk."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import free_blocks
from mcusim.fixedpoint import inlined, int64, observing
from mcusim.heap import ALREADY_FREE, FREED, NEVER_ALLOCATED, OUTSIDE, Heap, Survey, check_place
from mcusim.lanes import zeros

ALIGNMENT = 8  # of what malloc returns
CHUNK_ALIGNMENT = 4  # of what it is cut from
HEADER_BYTES = 4  # the size
PADDING_BYTES = ALIGNMENT - CHUNK_ALIGNMENT  # kept in every chunk, before or behind the payload
LEAST_BYTES = 12  # a chunk is never smaller, and so is no remainder
MOST_REQUEST_BYTES = 1 << 31

# The state: the free chunks' list with parameters in it, then a word for each 8 bytes of the heap, from PAYLOADS on.
# The word where a payload begins is the size of its chunk, and 1 more if the chunk's header is not right before the
# payload. It is negated when the chunk is freed; all others are 0. Offsets count from ORIGIN, a multiple of 8.
ORIGIN, BREAK, LIMIT, BEGIN, RECENT, PAYLOADS = range(free_blocks.OWN, free_blocks.OWN + 6)
PADDED = 1


def start(title: str, recent: bool, heap_bytes: int, base_address: int) -> NDArray[np.int32]:
    """The state of a heap that nothing was asked of; `base_address` is where the first sbrk begins (the linker's end).

    sbrk fails when the break would go beyond `heap_bytes`. Raises BadInputError for a heap without room for a chunk.
    """
    check_place(title, heap_bytes, base_address, LEAST_BYTES + CHUNK_ALIGNMENT)
    begin = base_address % ALIGNMENT
    limit = begin + heap_bytes
    blocks = free_blocks.most_blocks(heap_bytes, LEAST_BYTES)
    first = free_blocks.words(blocks)
    state = zeros(first + limit // ALIGNMENT + 1)
    free_blocks.empty(state, blocks)
    parameters = np.array([base_address - begin, begin, limit, begin, recent, first])
    state[ORIGIN : PAYLOADS + 1] = parameters.astype(np.int32)
    return state


@observing
def _from_break(state: Any, wanted_bytes: Any) -> Any:
    """The offset of a chunk that sbrk gave, or NONE; a break that is not aligned is moved by a second call."""
    begin, limit = int64(state[BREAK]), int64(state[LIMIT])
    if begin + wanted_bytes > limit:
        return int64(free_blocks.NONE)
    state[BREAK] = begin + wanted_bytes
    padding_bytes = -begin % CHUNK_ALIGNMENT
    if begin + padding_bytes + wanted_bytes > limit:
        return int64(free_blocks.NONE)  # what the first call gave is lost
    state[BREAK] = begin + padding_bytes + wanted_bytes
    return begin + padding_bytes


@inlined
def _last_at_break(state: Any) -> Any:
    """The size of the last free chunk if it ends at the break, else 0."""
    last = free_blocks.last(state)
    if last == free_blocks.NONE:
        return int64(0)
    size_bytes = free_blocks.size_of(state, last)
    return size_bytes if free_blocks.offset_of(state, last) + size_bytes == state[BREAK] else int64(0)


@observing
def _extended(state: Any, wanted_bytes: Any) -> Any:
    """The offset of the last free chunk, made as large as wanted by moving the break behind it, or NONE."""
    size_bytes = _last_at_break(state)
    missing_bytes = wanted_bytes - size_bytes
    if size_bytes == 0 or state[BREAK] + missing_bytes > state[LIMIT]:
        return int64(free_blocks.NONE)
    state[BREAK] += missing_bytes
    free_blocks.take(state, free_blocks.last(state))
    return int64(state[BREAK]) - wanted_bytes


@observing
def malloc(state: Any, request_bytes: Any) -> Any:
    """The address of a new block, 0 if neither a free chunk nor sbrk has room for it; a request of 0 gets a block."""
    if request_bytes < 0 or request_bytes >= MOST_REQUEST_BYTES:
        return int64(0)
    wanted_bytes = ((int64(request_bytes) + CHUNK_ALIGNMENT - 1) & -CHUNK_ALIGNMENT) + HEADER_BYTES + PADDING_BYTES
    wanted_bytes = max(wanted_bytes, LEAST_BYTES)
    chunk = free_blocks.first_fit(state, wanted_bytes)
    size_bytes = wanted_bytes
    if chunk == free_blocks.NONE:
        offset = _from_break(state, wanted_bytes)
        if offset == free_blocks.NONE and state[RECENT]:
            offset = _extended(state, wanted_bytes)
        if offset == free_blocks.NONE:
            return int64(0)
    else:
        offset = free_blocks.offset_of(state, chunk)
        rest_bytes = free_blocks.size_of(state, chunk) - wanted_bytes
        if rest_bytes < LEAST_BYTES:
            size_bytes += rest_bytes
            free_blocks.take(state, chunk)
        elif state[RECENT]:
            free_blocks.change(state, chunk, offset + wanted_bytes, rest_bytes)
        else:
            free_blocks.change(state, chunk, offset, rest_bytes)
            offset += rest_bytes
    payload = (offset + HEADER_BYTES + ALIGNMENT - 1) & -ALIGNMENT
    is_padded = PADDED if payload - offset > HEADER_BYTES else 0
    state[int64(state[PAYLOADS]) + payload // ALIGNMENT] = size_bytes + is_padded
    return (int64(state[ORIGIN]) & 0xFFFF_FFFF) + payload


@observing
def free(state: Any, address: Any) -> Any:
    """Give a block back; what it returns is said in `heap.Heap`."""
    if address == 0:
        return FREED
    payload = int64(address) - (int64(state[ORIGIN]) & 0xFFFF_FFFF)
    if payload < state[BEGIN] or payload >= state[LIMIT]:
        return OUTSIDE
    word = int64(state[PAYLOADS]) + payload // ALIGNMENT
    mark = int64(state[word])
    if payload % ALIGNMENT or mark == 0:
        return NEVER_ALLOCATED
    if mark < 0:
        return ALREADY_FREE
    state[word] = -mark
    size_bytes = mark & ~PADDED
    before = HEADER_BYTES + PADDING_BYTES if mark & PADDED else HEADER_BYTES
    free_blocks.give_back(state, payload - before, size_bytes)
    return FREED


@observing
def survey(state: Any) -> Any:
    """The heap now, as a `heap.Survey`."""
    begin, limit, end = int64(state[BEGIN]), int64(state[LIMIT]), int64(state[BREAK])
    free_bytes, largest_bytes, count = free_blocks.survey(state)
    room_bytes = limit - end - -end % CHUNK_ALIGNMENT
    if state[RECENT]:
        room_bytes += _last_at_break(state)
    most_bytes = max(largest_bytes, room_bytes) & -CHUNK_ALIGNMENT
    largest_request_bytes = most_bytes - HEADER_BYTES - PADDING_BYTES if most_bytes >= LEAST_BYTES else 0
    used_bytes = end - begin - free_bytes
    return Survey(free_bytes, largest_bytes, count, used_bytes, limit - end, largest_request_bytes)


@observing
def payload_bytes(state: Any, address: Any) -> Any:
    """The bytes that the program has in the block at an address, 0 where none is allocated."""
    payload = int64(address) - (int64(state[ORIGIN]) & 0xFFFF_FFFF)
    if payload < 0 or payload >= state[LIMIT] or payload % ALIGNMENT:
        return int64(0)
    mark = int64(state[int64(state[PAYLOADS]) + payload // ALIGNMENT])
    before = HEADER_BYTES + PADDING_BYTES if mark & PADDED else HEADER_BYTES
    return (mark & ~PADDED) - before if mark > 0 else int64(0)


def _heap(name: str, title: str, source: str, recent: bool) -> Heap:
    return Heap(
        name=name,
        title=title,
        source=source,
        overhead_bytes=HEADER_BYTES + PADDING_BYTES,
        start=partial(start, title, recent),
        malloc=malloc,
        free=free,
        survey=survey,
        payload_bytes=payload_bytes,
    )


# Since 4.1.0 (commit 84d0689) a chunk is cut at its low end, and a last free chunk grows where sbrk has no whole chunk.
HEAP = _heap("newlib_nano", "newlib-nano", "newlib, libc/stdlib/nano-mallocr.c at 9dc06b7 (4.1.0 and later)", True)
HEAP_3 = _heap("newlib_nano_3", "newlib-nano 3", "newlib 3.3.0's libc_nano.a, as Debian 12 builds it", False)
