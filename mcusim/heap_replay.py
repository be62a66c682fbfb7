"""Operations and a heap's state → the state after them, what the blocks take, and the operation that failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.allocators import heap_4, newlib, newlib_nano, tlsf
from mcusim.fixedpoint import either, int64, jit
from mcusim.heap import FREED, Heap, Survey
from mcusim.heap_operations import BLOCK_MASK, BYTES_SHIFT, Words

State = NDArray[np.int32]
LARGEST_REQUEST = Survey._fields.index("largest_request_bytes")

# Columns of a block: its address (0 where there is none), the operation that allocated it, and what it takes.
ADDRESS, OPERATION, PAYLOAD = range(3)
BLOCK_COLUMNS = 3
# Sums over the live blocks and their maxima, counts, and the least of the largest requests that malloc would grant.
ASKED, GRANTED, LIVE, MOST_TAKEN, MALLOCS, FREES, LEAST_LARGEST, MOST_ASKED, MOST_LIVE = range(9)
SUMS = 9

# How often, in operations, the free blocks are looked at for LEAST_LARGEST.
LOOK_EVERY = 1 << 10


@either
def _replay(
    malloc: Any,
    free: Any,
    payload_bytes: Any,
    survey: Any,
    header: Any,
    state: Any,
    operations: Any,
    blocks: Any,
    sums: Any,
) -> Any:
    """Carry operations out with an allocator's functions; the rest is said in `replay`."""
    number = int64(0)
    asked, granted, live = sums[ASKED], sums[GRANTED], sums[LIVE]
    most_asked, most_taken, most_live = sums[MOST_ASKED], sums[MOST_TAKEN], sums[MOST_LIVE]
    mallocs = int64(0)
    refused = False
    while number < len(operations):
        word = operations[number]
        block, size = word & BLOCK_MASK, word >> BYTES_SHIFT
        if size:
            address = malloc(state, size)
            if address == 0:
                break
            payload = payload_bytes(state, address)
            blocks[block, ADDRESS], blocks[block, OPERATION], blocks[block, PAYLOAD] = address, word, payload
            mallocs += 1
            live += 1
            asked += size
            granted += payload
            most_live = max(most_live, live)
            most_asked = max(most_asked, asked)
            most_taken = max(most_taken, granted + header * live)
        else:
            refused = free(state, blocks[block, ADDRESS]) != FREED
            if refused:
                break
            live -= 1
            asked -= blocks[block, OPERATION] >> BYTES_SHIFT
            granted -= blocks[block, PAYLOAD]
            blocks[block, ADDRESS] = 0
        if number % LOOK_EVERY == 0:
            sums[LEAST_LARGEST] = min(sums[LEAST_LARGEST], survey(state)[LARGEST_REQUEST])
        number += 1
    sums[ASKED], sums[GRANTED], sums[LIVE] = asked, granted, live
    sums[MOST_ASKED], sums[MOST_TAKEN], sums[MOST_LIVE] = most_asked, most_taken, most_live
    sums[MALLOCS] += mallocs
    sums[FREES] += number - mallocs
    return -1 - number if refused else number


@jit
def _heap_4(header: Any, state: Any, operations: Any, blocks: Any, sums: Any) -> Any:
    malloc, free = heap_4.malloc, heap_4.free
    payload_bytes, survey = heap_4.payload_bytes, heap_4.survey
    return _replay(malloc, free, payload_bytes, survey, header, state, operations, blocks, sums)


@jit
def _newlib_nano(header: Any, state: Any, operations: Any, blocks: Any, sums: Any) -> Any:
    malloc, free = newlib_nano.malloc, newlib_nano.free
    payload_bytes, survey = newlib_nano.payload_bytes, newlib_nano.survey
    return _replay(malloc, free, payload_bytes, survey, header, state, operations, blocks, sums)


@jit
def _newlib(header: Any, state: Any, operations: Any, blocks: Any, sums: Any) -> Any:
    malloc, free = newlib.malloc, newlib.free
    payload_bytes, survey = newlib.payload_bytes, newlib.survey
    return _replay(malloc, free, payload_bytes, survey, header, state, operations, blocks, sums)


@jit
def _tlsf(header: Any, state: Any, operations: Any, blocks: Any, sums: Any) -> Any:
    malloc, free = tlsf.malloc, tlsf.free
    payload_bytes, survey = tlsf.payload_bytes, tlsf.survey
    return _replay(malloc, free, payload_bytes, survey, header, state, operations, blocks, sums)


# A function for each malloc: Numba could take functions as arguments, but would then compile anew in every process.
_REPLAYS: Mapping[Callable[..., Any], Callable[..., Any]] = {
    heap_4.malloc: _heap_4,
    newlib_nano.malloc: _newlib_nano,
    newlib.malloc: _newlib,
    tlsf.malloc: _tlsf,
}


def replay(heap: Heap, state: State, operations: Words, blocks: Words, sums: Words) -> int:
    """Carry operations out up to the first malloc that fails: its number, or how many there are.

    `state` is the heap's; `blocks` has a row of BLOCK_COLUMNS for each number that a block may have, `sums` is of
    SUMS. The number of an operation whose block the heap refuses to free, as no heap should, is returned negative,
    less 1.
    """
    return int(_REPLAYS[heap.malloc](heap.overhead_bytes, state, operations, blocks, sums))
