"""Requests and frees → addresses as FreeRTOS' heap_4 returns them: first fit by address, merged at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import free_blocks
from mcusim.fixedpoint import int64, observing
from mcusim.heap import ALREADY_FREE, FREED, NEVER_ALLOCATED, OUTSIDE, Heap, Survey, check_place

TITLE = "FreeRTOS heap_4"
ALIGNMENT = 8  # portBYTE_ALIGNMENT of the Cortex-M ports
HEADER_BYTES = 8  # of a block: the link to the next free one and the size
LEAST_BYTES = 2 * HEADER_BYTES  # heapMINIMUM_BLOCK_SIZE: a remainder has to be larger to become a block

# The state: the free blocks' list with the parameters behind it, then a word for each 8 bytes of the heap. The word
# where an allocated block begins is its size, which is negated when it is freed; all others are 0.
BASE, POOL_BYTES, HEAP_BYTES, PARAMETERS = 0, 1, 2, 3


def start(heap_bytes: int, base_address: int) -> NDArray[np.int32]:
    """The state of an empty heap in `heap_bytes` (configTOTAL_HEAP_SIZE) at an address.

    It begins at the next multiple of 8, and the header that marks its end takes 8 bytes. Raises BadInputError for a
    heap without room for a block.
    """
    check_place(TITLE, heap_bytes, base_address, LEAST_BYTES + 2 * HEADER_BYTES)
    padding_bytes = -base_address % ALIGNMENT
    pool_bytes = (base_address + heap_bytes - HEADER_BYTES) // ALIGNMENT * ALIGNMENT - base_address - padding_bytes
    entries = free_blocks.capacity(pool_bytes, LEAST_BYTES)
    head = free_blocks.words(entries)
    state = np.zeros(head + PARAMETERS + pool_bytes // ALIGNMENT, np.int32)
    state[free_blocks.COUNT], state[free_blocks.CAPACITY] = 1, entries
    state[free_blocks.OFFSETS], state[free_blocks.OFFSETS + entries] = 0, pool_bytes
    state[head : head + PARAMETERS] = np.array([base_address + padding_bytes, pool_bytes, heap_bytes]).astype(np.int32)
    return state


@observing
def _parameters(state: Any) -> Any:
    """Where the parameters begin in the state."""
    return free_blocks.sizes(state) + int64(state[free_blocks.CAPACITY])


@observing
def malloc(state: Any, request_bytes: Any) -> Any:
    """The address of a new block, 0 if no free one is large enough or nothing is asked for."""
    head = _parameters(state)
    if request_bytes <= 0 or request_bytes > state[head + POOL_BYTES]:
        return int64(0)
    wanted_bytes = (int64(request_bytes) + HEADER_BYTES + ALIGNMENT - 1) & -ALIGNMENT
    number = free_blocks.first_fit(state, wanted_bytes)
    if number == free_blocks.NONE:
        return int64(0)
    sizes = free_blocks.sizes(state)
    offset, size_bytes = int64(state[free_blocks.OFFSETS + number]), int64(state[sizes + number])
    if size_bytes - wanted_bytes > LEAST_BYTES:
        state[free_blocks.OFFSETS + number] += wanted_bytes
        state[sizes + number] -= wanted_bytes
        size_bytes = wanted_bytes
    else:
        free_blocks.remove(state, number)
    state[head + PARAMETERS + offset // ALIGNMENT] = size_bytes
    return (int64(state[head + BASE]) & 0xFFFF_FFFF) + offset + HEADER_BYTES


@observing
def free(state: Any, address: Any) -> Any:
    """Give a block back; what it returns is said in `heap.Heap`."""
    if address == 0:
        return FREED
    head = _parameters(state)
    offset = int64(address) - HEADER_BYTES - (int64(state[head + BASE]) & 0xFFFF_FFFF)
    if offset < 0 or offset >= state[head + POOL_BYTES]:
        return OUTSIDE
    word = head + PARAMETERS + offset // ALIGNMENT
    size_bytes = int64(state[word])
    if offset % ALIGNMENT or size_bytes == 0:
        return NEVER_ALLOCATED
    if size_bytes < 0:
        return ALREADY_FREE
    state[word] = -size_bytes
    free_blocks.give_back(state, offset, size_bytes)
    return FREED


@observing
def survey(state: Any) -> Any:
    """The heap now, as a `heap.Survey`."""
    free_bytes, largest_bytes = free_blocks.total_and_largest(state)
    used_bytes = int64(state[_parameters(state) + HEAP_BYTES]) - free_bytes
    largest_request_bytes = max(largest_bytes - HEADER_BYTES, 0)
    return Survey(free_bytes, largest_bytes, int64(state[free_blocks.COUNT]), used_bytes, 0, largest_request_bytes)


@observing
def payload_bytes(state: Any, address: Any) -> Any:
    """The bytes that the program has in the block at an address, 0 where none is allocated."""
    head = _parameters(state)
    offset = int64(address) - HEADER_BYTES - (int64(state[head + BASE]) & 0xFFFF_FFFF)
    if offset < 0 or offset >= state[head + POOL_BYTES] or offset % ALIGNMENT:
        return int64(0)
    return max(int64(state[head + PARAMETERS + offset // ALIGNMENT]) - HEADER_BYTES, 0)


HEAP = Heap(
    name="heap_4",
    title=TITLE,
    source="FreeRTOS-Kernel, portable/MemMang/heap_4.c at 4269c69",
    overhead_bytes=HEADER_BYTES,
    start=start,
    malloc=malloc,
    free=free,
    survey=survey,
    payload_bytes=payload_bytes,
)
