"""Operations and a heap's state → the state after them, what the blocks take, and the operation that failed."""

from __future__ import annotations

from typing import Any

from mcusim.allocators import heap_4, newlib, newlib_nano, tlsf
from mcusim.fixedpoint import inlined, int64, jit
from mcusim.heap import FREED, Heap
from mcusim.heap_operations import BLOCK_MASK, BYTES_SHIFT

# Which malloc is whose number. Numba could take functions as arguments, but would then compile them in every process.
_MALLOCS = (heap_4.malloc, newlib_nano.malloc, newlib.malloc, tlsf.malloc)
_HEAP_4, _NEWLIB_NANO, _NEWLIB, _TLSF = range(4)

# Columns of a block: its address (0 where there is none), the operation that allocated it, and what it takes.
ADDRESS, OPERATION, PAYLOAD = range(3)
BLOCK_COLUMNS = 3
# Sums over the live blocks and their maxima, counts, and the least of the largest requests that malloc would grant.
ASKED, GRANTED, LIVE, MOST_TAKEN, MALLOCS, FREES, LEAST_LARGEST, MOST_ASKED, MOST_LIVE = range(9)
SUMS = 9

# How often, in operations, the free blocks are looked at for LEAST_LARGEST.
LOOK_EVERY = 1 << 10


def number_of(heap: Heap) -> int:
    """The number under which `replay` knows an allocator; ValueError for one that it does not know."""
    return _MALLOCS.index(heap.malloc)


@inlined
def _malloc(heap: Any, state: Any, request_bytes: Any) -> Any:
    if heap == _HEAP_4:
        return heap_4.malloc(state, request_bytes)
    if heap == _NEWLIB_NANO:
        return newlib_nano.malloc(state, request_bytes)
    if heap == _NEWLIB:
        return newlib.malloc(state, request_bytes)
    return tlsf.malloc(state, request_bytes)


@inlined
def _free(heap: Any, state: Any, address: Any) -> Any:
    if heap == _HEAP_4:
        return heap_4.free(state, address)
    if heap == _NEWLIB_NANO:
        return newlib_nano.free(state, address)
    if heap == _NEWLIB:
        return newlib.free(state, address)
    return tlsf.free(state, address)


@inlined
def _payload_bytes(heap: Any, state: Any, address: Any) -> Any:
    if heap == _HEAP_4:
        return heap_4.payload_bytes(state, address)
    if heap == _NEWLIB_NANO:
        return newlib_nano.payload_bytes(state, address)
    if heap == _NEWLIB:
        return newlib.payload_bytes(state, address)
    return tlsf.payload_bytes(state, address)


@inlined
def _largest_request_bytes(heap: Any, state: Any) -> Any:
    if heap == _HEAP_4:
        return heap_4.survey(state)[5]
    if heap == _NEWLIB_NANO:
        return newlib_nano.survey(state)[5]
    if heap == _NEWLIB:
        return newlib.survey(state)[5]
    return tlsf.survey(state)[5]


@jit
def replay(heap: Any, header: Any, state: Any, operations: Any, count: Any, blocks: Any, sums: Any) -> Any:
    """Carry operations out up to the first malloc that fails: its number, `count` where none does.

    `header` is the overhead of a live block.

    The number of an operation whose block the heap refuses to free, as no heap should, is returned negative, less 1.
    """
    number = int64(0)
    asked, granted, live = sums[ASKED], sums[GRANTED], sums[LIVE]
    most_asked, most_taken, most_live = sums[MOST_ASKED], sums[MOST_TAKEN], sums[MOST_LIVE]
    mallocs = int64(0)
    refused = False
    while number < count:
        word = operations[number]
        block, size = word & BLOCK_MASK, word >> BYTES_SHIFT
        if size:
            address = _malloc(heap, state, size)
            if address == 0:
                break
            payload = _payload_bytes(heap, state, address)
            blocks[block, ADDRESS], blocks[block, OPERATION], blocks[block, PAYLOAD] = address, word, payload
            mallocs += 1
            live += 1
            asked += size
            granted += payload
            most_live = max(most_live, live)
            most_asked = max(most_asked, asked)
            most_taken = max(most_taken, granted + header * live)
        else:
            refused = _free(heap, state, blocks[block, ADDRESS]) != FREED
            if refused:
                break
            live -= 1
            asked -= blocks[block, OPERATION] >> BYTES_SHIFT
            granted -= blocks[block, PAYLOAD]
            blocks[block, ADDRESS] = 0
        if number % LOOK_EVERY == 0:
            sums[LEAST_LARGEST] = min(sums[LEAST_LARGEST], _largest_request_bytes(heap, state))
        number += 1
    sums[ASKED], sums[GRANTED], sums[LIVE] = asked, granted, live
    sums[MOST_ASKED], sums[MOST_TAKEN], sums[MOST_LIVE] = most_asked, most_taken, most_live
    sums[MALLOCS] += mallocs
    sums[FREES] += number - mallocs
    return -1 - number if refused else number
