"""Requests and frees → addresses as newlib's malloc returns them: Doug Lea's 2.6, best fit from bins by size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.allocation_marks import is_allocated, note_allocated, note_back
from mcusim.allocation_marks import words as mark_words
from mcusim.fixedpoint import inlined, int64, observing
from mcusim.heap import FREED, NEVER_ALLOCATED, OUTSIDE, Heap, Survey, check_place

TITLE = "newlib"
ALIGNMENT = 8
HEADER_BYTES = 4  # the size; the size of a free chunk before lies in that chunk's last word
LEAST_BYTES = 16
PAGE_BYTES = 4096  # sbrk is asked for whole pages, after the first time
TRIM_BYTES = 128 << 10  # a top chunk as large gives its pages back
MOST_BYTES = (1 << 31) - 1

# Bins: one for each size below 512, then ranges. A bit says that one of four neighbours may have chunks.
BINS, GROUP = 128, 4
SMALL_BYTES = 512
NO_PLACE = 0

# The state: parameters, the bins, the marks, then the memory's words. A chunk is the number of its first word, which
# is the size of the chunk before, if that is free; then its own size, with a flag that the chunk before is in use;
# then, of a free one, the next and the previous chunk of its bin. The two words of bin n lie where those of a chunk
# would that begins at HEADS + 2 n. Bin 1 is for the last remainder. TOP is the chunk that ends at the break.
ORIGIN, BEGIN, BREAK, LIMIT, HAS_GROWN, TOP, TOP_BYTES, GROUPS, MARKS, MEMORY, HEADS = range(11)
LAST_REMAINDER = HEADS + 2
PARAMETERS = HEADS + 2 * BINS + 2
BEFORE_BYTES, SIZE, NEXT, PREVIOUS = 0, 1, 2, 3
PAYLOAD_BYTES = 8
BEFORE_IN_USE = 1


def start(heap_bytes: int, base_address: int) -> NDArray[np.int32]:
    """The state of a heap that nothing was asked of; `base_address` is where the first sbrk begins (the linker's end).

    sbrk fails when the break would go beyond `heap_bytes`. Raises BadInputError for a heap without room for a chunk.
    """
    check_place(TITLE, heap_bytes, base_address, 2 * LEAST_BYTES + ALIGNMENT)
    begin = base_address % ALIGNMENT
    limit = begin + heap_bytes
    places = limit // ALIGNMENT + 1
    memory = PARAMETERS + mark_words(places)
    state = np.zeros(memory + 2 * places + 4, np.int32)
    for head in range(HEADS, HEADS + 2 * BINS, 2):
        state[head + NEXT] = state[head + PREVIOUS] = head
    parameters = {ORIGIN: base_address - begin, BEGIN: begin, BREAK: begin, LIMIT: limit}
    for word, value in {**parameters, MARKS: PARAMETERS, MEMORY: memory, TOP: NO_PLACE}.items():
        state[word] = np.array(value).astype(np.int32)
    return state


@inlined
def _bin_of(size_bytes: Any) -> Any:
    """The number of the bin for a size: 64 of width 8, then 32 of 64, 16 of 512, 8 of 4096, 4 and 2 of 8 times more."""
    units = size_bytes >> 9
    if units == 0:
        return size_bytes >> 3
    if units <= 4:
        return 56 + (size_bytes >> 6)
    if units <= 20:
        return 91 + units
    if units <= 84:
        return 110 + (size_bytes >> 12)
    if units <= 340:
        return 119 + (size_bytes >> 15)
    return int64(124 + (size_bytes >> 18) if units <= 1364 else 126)


@inlined
def _size(state: Any, chunk: Any) -> Any:
    return int64(state[chunk + SIZE]) & ~BEFORE_IN_USE


@inlined
def _link(state: Any, chunk: Any, before: Any, after: Any) -> None:
    state[chunk + PREVIOUS], state[chunk + NEXT] = before, after
    state[after + PREVIOUS] = chunk
    state[before + NEXT] = chunk


@inlined
def _unlink(state: Any, chunk: Any) -> None:
    before, after = int64(state[chunk + PREVIOUS]), int64(state[chunk + NEXT])
    state[after + PREVIOUS] = before
    state[before + NEXT] = after


@observing
def _file(state: Any, chunk: Any, size_bytes: Any) -> None:
    """Put a free chunk into its bin: as the first of a small one, before the first that is no larger of a large one."""
    number = _bin_of(size_bytes)
    before = HEADS + 2 * number
    after = int64(state[before + NEXT])
    if size_bytes < SMALL_BYTES or after == before:
        state[GROUPS] |= 1 << number // GROUP
    else:
        head = before
        while after != head and size_bytes < _size(state, after):
            after = int64(state[after + NEXT])
        before = int64(state[after + PREVIOUS])
    _link(state, chunk, before, after)


@inlined
def _keep_remainder(state: Any, chunk: Any, size_bytes: Any) -> None:
    """Make what was left of a chunk the last remainder; the one before is in use or filed already."""
    state[LAST_REMAINDER + NEXT] = state[LAST_REMAINDER + PREVIOUS] = chunk
    state[chunk + NEXT] = state[chunk + PREVIOUS] = LAST_REMAINDER
    state[chunk + SIZE] = size_bytes | BEFORE_IN_USE
    state[chunk + (size_bytes >> 2) + BEFORE_BYTES] = size_bytes


@inlined
def _forget_remainder(state: Any) -> None:
    state[LAST_REMAINDER + NEXT] = state[LAST_REMAINDER + PREVIOUS] = LAST_REMAINDER


@inlined
def _use(state: Any, chunk: Any, size_bytes: Any) -> None:
    """Tell the chunk behind that this one is in use."""
    state[chunk + (size_bytes >> 2) + SIZE] |= BEFORE_IN_USE


@inlined
def _cut(state: Any, chunk: Any, wanted_bytes: Any, rest_bytes: Any) -> None:
    """Use the first bytes of a chunk that is in no bin any more; the rest is the last remainder."""
    state[chunk + SIZE] = wanted_bytes | BEFORE_IN_USE
    _keep_remainder(state, chunk + (wanted_bytes >> 2), rest_bytes)


@inlined
def _handed_out(state: Any, chunk: Any) -> Any:
    """The address of a chunk's payload, which is the program's from now on."""
    words = chunk - int64(state[MEMORY])
    note_allocated(state, int64(state[MARKS]), words >> 1)
    return (int64(state[ORIGIN]) & 0xFFFF_FFFF) + words * 4 + PAYLOAD_BYTES


@inlined
def _from_groups(state: Any, number: Any, wanted_bytes: Any) -> Any:
    """A chunk from the bins that begin with `number`: the smallest of the first that has one, NO_PLACE without."""
    group = 1 << number // GROUP
    groups = int64(state[GROUPS]) & 0xFFFF_FFFF
    while group <= groups:
        if groups & group == 0:
            number = (number & -GROUP) + GROUP
            group <<= 1
            continue
        first = number
        while True:
            head = HEADS + 2 * number
            chunk = int64(state[head + PREVIOUS])
            while chunk != head:
                if _size(state, chunk) >= wanted_bytes:
                    return chunk
                chunk = int64(state[chunk + PREVIOUS])
            number += 1
            if number % GROUP == 0:
                break
        # The group's bit goes if those of its bins that were not searched are empty too.
        while first % GROUP and state[HEADS + 2 * (first - 1) + NEXT] == HEADS + 2 * (first - 1):
            first -= 1
        if first % GROUP == 0:
            groups &= ~group
            state[GROUPS] = groups
        group <<= 1
    return int64(NO_PLACE)


@inlined
def _moved_break(state: Any, size_bytes: Any) -> Any:
    """The break before sbrk moved it, -1 where it does not."""
    before = int64(state[BREAK])
    if before + size_bytes > state[LIMIT]:
        return int64(-1)
    state[BREAK] = before + size_bytes
    return before


@observing
def _grow(state: Any, wanted_bytes: Any) -> None:
    """Add what sbrk gives to the top: room for all of the request, whatever the top has, in whole pages."""
    size_bytes = wanted_bytes + LEAST_BYTES
    if state[HAS_GROWN]:
        size_bytes = (size_bytes + PAGE_BYTES - 1) & -PAGE_BYTES
    begin = _moved_break(state, size_bytes)
    if begin < 0:
        return
    if state[TOP] != NO_PLACE:
        state[TOP_BYTES] += size_bytes
    else:
        state[HAS_GROWN] = 1
        origin = int64(state[ORIGIN])
        first = (begin + ALIGNMENT - 1) & -ALIGNMENT
        padding_bytes = first - begin + PAGE_BYTES - ((origin + first + size_bytes) & PAGE_BYTES - 1)
        if _moved_break(state, padding_bytes) < 0:
            return  # what the first call gave is lost
        state[TOP] = int64(state[MEMORY]) + (first >> 2)
        state[TOP_BYTES] = int64(state[BREAK]) - first
    state[int64(state[TOP]) + SIZE] = int64(state[TOP_BYTES]) | BEFORE_IN_USE


@observing
def _from_top(state: Any, wanted_bytes: Any) -> Any:
    """The first bytes of the top chunk, which always keeps some; NO_PLACE where it cannot grow."""
    if int64(state[TOP_BYTES]) - wanted_bytes < LEAST_BYTES:
        _grow(state, wanted_bytes)
        if int64(state[TOP_BYTES]) - wanted_bytes < LEAST_BYTES:
            return int64(NO_PLACE)
    chunk = int64(state[TOP])
    top = chunk + (wanted_bytes >> 2)
    state[chunk + SIZE] = wanted_bytes | BEFORE_IN_USE
    state[TOP_BYTES] -= wanted_bytes
    state[TOP] = top
    state[top + SIZE] = int64(state[TOP_BYTES]) | BEFORE_IN_USE
    return chunk


@observing
def malloc(state: Any, request_bytes: Any) -> Any:
    """The address of a new block, 0 if neither a free chunk nor sbrk has room for it; a request of 0 gets a block."""
    if request_bytes < 0 or request_bytes > MOST_BYTES - HEADER_BYTES - ALIGNMENT:
        return int64(0)
    wanted_bytes = max((int64(request_bytes) + HEADER_BYTES + ALIGNMENT - 1) & -ALIGNMENT, LEAST_BYTES)
    number = _bin_of(wanted_bytes)
    # A chunk of that size, or so little larger that nothing could remain.
    head = HEADS + 2 * number
    chunk = int64(state[head + PREVIOUS])
    if wanted_bytes < SMALL_BYTES - ALIGNMENT:
        if chunk == head:
            head += 2
            chunk = int64(state[head + PREVIOUS])
        if chunk != head:
            _unlink(state, chunk)
            _use(state, chunk, _size(state, chunk))
            return _handed_out(state, chunk)
        number += 2
    else:
        while chunk != head:
            rest_bytes = _size(state, chunk) - wanted_bytes
            if rest_bytes >= LEAST_BYTES:
                number -= 1  # this bin again, after the last remainder
                break
            if rest_bytes >= 0:
                _unlink(state, chunk)
                _use(state, chunk, _size(state, chunk))
                return _handed_out(state, chunk)
            chunk = int64(state[chunk + PREVIOUS])
        number += 1
    chunk = int64(state[LAST_REMAINDER + NEXT])
    if chunk != LAST_REMAINDER:
        size_bytes = _size(state, chunk)
        rest_bytes = size_bytes - wanted_bytes
        if rest_bytes >= LEAST_BYTES:
            _cut(state, chunk, wanted_bytes, rest_bytes)
            return _handed_out(state, chunk)
        _forget_remainder(state)
        if rest_bytes >= 0:
            _use(state, chunk, size_bytes)
            return _handed_out(state, chunk)
        _file(state, chunk, size_bytes)
    chunk = _from_groups(state, number, wanted_bytes)
    if chunk != NO_PLACE:
        _unlink(state, chunk)
        size_bytes = _size(state, chunk)
        rest_bytes = size_bytes - wanted_bytes
        if rest_bytes >= LEAST_BYTES:
            _cut(state, chunk, wanted_bytes, rest_bytes)
        else:
            _use(state, chunk, size_bytes)
        return _handed_out(state, chunk)
    chunk = _from_top(state, wanted_bytes)
    return int64(0) if chunk == NO_PLACE else _handed_out(state, chunk)


@observing
def _trim(state: Any) -> None:
    """Give whole pages at the end of the top back to sbrk, all but what could hold a chunk of the smallest size."""
    spare_bytes = int64(state[TOP_BYTES]) - LEAST_BYTES + PAGE_BYTES - 1
    spare_bytes = (spare_bytes // PAGE_BYTES - 1) * PAGE_BYTES
    if spare_bytes >= PAGE_BYTES:
        state[BREAK] -= spare_bytes
        state[TOP_BYTES] -= spare_bytes
        state[int64(state[TOP]) + SIZE] = int64(state[TOP_BYTES]) | BEFORE_IN_USE


@observing
def free(state: Any, address: Any) -> Any:
    """Give a block back; what it returns is said in `heap.Heap`."""
    if address == 0:
        return FREED
    offset = int64(address) - (int64(state[ORIGIN]) & 0xFFFF_FFFF)
    if offset < state[BEGIN] or offset >= state[LIMIT]:
        return OUTSIDE
    if offset % ALIGNMENT or offset < PAYLOAD_BYTES:
        return NEVER_ALLOCATED
    words = (offset - PAYLOAD_BYTES) >> 2
    error = note_back(state, int64(state[MARKS]), words >> 1)
    if error:
        return error
    chunk = int64(state[MEMORY]) + words
    header = int64(state[chunk + SIZE])
    size_bytes = header & ~BEFORE_IN_USE
    behind = chunk + (size_bytes >> 2)
    if behind == state[TOP]:
        size_bytes += int64(state[TOP_BYTES])
        if header & BEFORE_IN_USE == 0:
            before_bytes = int64(state[chunk + BEFORE_BYTES])
            chunk -= before_bytes >> 2
            size_bytes += before_bytes
            _unlink(state, chunk)
        state[chunk + SIZE] = size_bytes | BEFORE_IN_USE
        state[TOP], state[TOP_BYTES] = chunk, size_bytes
        if size_bytes >= TRIM_BYTES:
            _trim(state)
        return FREED
    behind_bytes = _size(state, behind)
    state[behind + SIZE] = behind_bytes  # its flag goes
    is_remainder = False
    if header & BEFORE_IN_USE == 0:
        before_bytes = int64(state[chunk + BEFORE_BYTES])
        chunk -= before_bytes >> 2
        size_bytes += before_bytes
        is_remainder = state[chunk + NEXT] == LAST_REMAINDER
        if not is_remainder:
            _unlink(state, chunk)
    if state[behind + (behind_bytes >> 2) + SIZE] & BEFORE_IN_USE == 0:
        size_bytes += behind_bytes
        if not is_remainder and state[behind + NEXT] == LAST_REMAINDER:
            is_remainder = True
            _keep_remainder(state, chunk, size_bytes)
        else:
            _unlink(state, behind)
    state[chunk + SIZE] = size_bytes | BEFORE_IN_USE
    state[chunk + (size_bytes >> 2) + BEFORE_BYTES] = size_bytes
    if not is_remainder:
        _file(state, chunk, size_bytes)
    return FREED


@inlined
def _free_chunks(state: Any) -> Any:
    """The bytes of all chunks in bins, the bytes of the largest, and their number."""
    total_bytes, largest_bytes, count = int64(0), int64(0), int64(0)
    for number in range(1, BINS):  # the last remainder's too
        head = HEADS + 2 * number
        chunk = int64(state[head + NEXT])
        while chunk != head:
            size_bytes = _size(state, chunk)
            total_bytes += size_bytes
            largest_bytes = max(largest_bytes, size_bytes)
            count += 1
            chunk = int64(state[chunk + NEXT])
    return total_bytes, largest_bytes, count


@inlined
def _most_by_growing(state: Any) -> Any:
    """The largest chunk that could be cut from the top once it has grown, as `_grow` does it."""
    origin, end = int64(state[ORIGIN]) & 0xFFFF_FFFF, int64(state[BREAK])
    if state[TOP] != NO_PLACE:
        pages = (int64(state[LIMIT]) - end) // PAGE_BYTES
        return pages * PAGE_BYTES - LEAST_BYTES
    first = origin + ((end + ALIGNMENT - 1) & -ALIGNMENT)
    last_page = (origin + int64(state[LIMIT])) & -PAGE_BYTES
    if state[HAS_GROWN]:
        return last_page - (first & -PAGE_BYTES) - PAGE_BYTES - LEAST_BYTES
    return last_page - first - ALIGNMENT - LEAST_BYTES


@observing
def survey(state: Any) -> Any:
    """The heap now, as a `heap.Survey`; the top chunk is one of the free ones."""
    free_bytes, largest_bytes, count = _free_chunks(state)
    most_bytes = max(largest_bytes, int64(state[TOP_BYTES]) - LEAST_BYTES, _most_by_growing(state))
    if state[TOP] != NO_PLACE:
        free_bytes += int64(state[TOP_BYTES])
        largest_bytes = max(largest_bytes, int64(state[TOP_BYTES]))
        count += 1
    used_bytes = int64(state[BREAK]) - int64(state[BEGIN]) - free_bytes
    untouched_bytes = int64(state[LIMIT]) - int64(state[BREAK])
    largest_request_bytes = most_bytes - HEADER_BYTES if most_bytes >= LEAST_BYTES else int64(0)
    return Survey(free_bytes, largest_bytes, count, used_bytes, untouched_bytes, largest_request_bytes)


@observing
def payload_bytes(state: Any, address: Any) -> Any:
    """The bytes that the program has in the block at an address, 0 where none is allocated."""
    offset = int64(address) - (int64(state[ORIGIN]) & 0xFFFF_FFFF)
    if offset < PAYLOAD_BYTES or offset >= state[LIMIT] or offset % ALIGNMENT:
        return int64(0)
    words = (offset - PAYLOAD_BYTES) >> 2
    if not is_allocated(state, int64(state[MARKS]), words >> 1):
        return int64(0)
    return _size(state, int64(state[MEMORY]) + words) - HEADER_BYTES


HEAP = Heap(
    name="newlib",
    title=TITLE,
    source="newlib, libc/stdlib/_mallocr.c at 9dc06b7",
    overhead_bytes=HEADER_BYTES,
    start=start,
    malloc=malloc,
    free=free,
    survey=survey,
    payload_bytes=payload_bytes,
)
