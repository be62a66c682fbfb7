"""Requests and frees → addresses as FreeRTOS' heap_4 returns them: first fit by address, merged at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import free_blocks
from mcusim.fixedpoint import int64, observing
from mcusim.heap import ALREADY_FREE, FREED, NEVER_ALLOCATED, OUTSIDE, Heap, Survey, check_place
from mcusim.lanes import zeros

TITLE = "FreeRTOS heap_4"
ALIGNMENT = 8  # portBYTE_ALIGNMENT of the Cortex-M ports
HEADER_BYTES = 8  # of a block: the link to the next free one and the size
LEAST_BYTES = 2 * HEADER_BYTES  # heapMINIMUM_BLOCK_SIZE: a remainder has to be larger to become a block

# The state: the free blocks' list with parameters in it, then a word for each 8 bytes of the heap, from BLOCKS on. The
# word where an allocated block begins is its size, which is negated when it is freed; all others are 0.
BASE, POOL_BYTES, HEAP_BYTES, BLOCKS = range(free_blocks.OWN, free_blocks.OWN + 4)


def start(heap_bytes: int, base_address: int) -> NDArray[np.int32]:
    """The state of an empty heap in `heap_bytes` (configTOTAL_HEAP_SIZE) at an address.

    It begins at the next multiple of 8, and the header that marks its end takes 8 bytes. Raises BadInputError for a
    heap without room for a block.
    """
    check_place(TITLE, heap_bytes, base_address, LEAST_BYTES + 2 * HEADER_BYTES)
    padding_bytes = -base_address % ALIGNMENT
    pool_bytes = (base_address + heap_bytes - HEADER_BYTES) // ALIGNMENT * ALIGNMENT - base_address - padding_bytes
    blocks = free_blocks.most_blocks(pool_bytes, LEAST_BYTES)
    first = free_blocks.words(blocks)
    state = zeros(first + pool_bytes // ALIGNMENT)
    free_blocks.empty(state, blocks)
    parameters = np.array([base_address + padding_bytes, pool_bytes, heap_bytes, first])
    state[BASE : BLOCKS + 1] = parameters.astype(np.int32)
    # What is there at first is a block that was allocated and comes back.
    state[first] = pool_bytes
    free(state, base_address + padding_bytes + HEADER_BYTES)
    state[first] = 0
    return state


@observing
def malloc(state: Any, request_bytes: Any) -> Any:
    """The address of a new block, 0 if no free one is large enough or nothing is asked for."""
    if request_bytes <= 0 or request_bytes > state[POOL_BYTES]:
        return int64(0)
    wanted_bytes = (int64(request_bytes) + HEADER_BYTES + ALIGNMENT - 1) & -ALIGNMENT
    block = free_blocks.first_fit(state, wanted_bytes)
    if block == free_blocks.NONE:
        return int64(0)
    offset, size_bytes = free_blocks.offset_of(state, block), free_blocks.size_of(state, block)
    if size_bytes - wanted_bytes > LEAST_BYTES:
        free_blocks.change(state, block, offset + wanted_bytes, size_bytes - wanted_bytes)
        size_bytes = wanted_bytes
    else:
        free_blocks.take(state, block)
    state[int64(state[BLOCKS]) + offset // ALIGNMENT] = size_bytes
    return (int64(state[BASE]) & 0xFFFF_FFFF) + offset + HEADER_BYTES


@observing
def free(state: Any, address: Any) -> Any:
    """Give a block back; what it returns is said in `heap.Heap`."""
    if address == 0:
        return FREED
    offset = int64(address) - HEADER_BYTES - (int64(state[BASE]) & 0xFFFF_FFFF)
    if offset < 0 or offset >= state[POOL_BYTES]:
        return OUTSIDE
    word = int64(state[BLOCKS]) + offset // ALIGNMENT
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
    free_bytes, largest_bytes, count = free_blocks.survey(state)
    used_bytes = int64(state[HEAP_BYTES]) - free_bytes
    return Survey(free_bytes, largest_bytes, count, used_bytes, 0, max(largest_bytes - HEADER_BYTES, 0))


@observing
def payload_bytes(state: Any, address: Any) -> Any:
    """The bytes that the program has in the block at an address, 0 where none is allocated."""
    offset = int64(address) - HEADER_BYTES - (int64(state[BASE]) & 0xFFFF_FFFF)
    if offset < 0 or offset >= state[POOL_BYTES] or offset % ALIGNMENT:
        return int64(0)
    return max(int64(state[int64(state[BLOCKS]) + offset // ALIGNMENT]) - HEADER_BYTES, 0)


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
