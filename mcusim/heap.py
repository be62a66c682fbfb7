"""What every simulated heap offers: a name, its rule's source, and compiled malloc and free over one array of state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import BadInputError

ADDRESS_SPACE_BYTES = 1 << 32
MOST_BYTES = 64 << 20  # the largest external RAM that boards with a Cortex-M have is half of that

# What `free` returns. An error has no effect; the real allocators notice few of them and corrupt their lists.
FREED, OUTSIDE, NEVER_ALLOCATED, ALREADY_FREE = 0, 1, 2, 3


class Survey(NamedTuple):
    """A heap at one moment; used, free and untouched bytes sum to the heap's.

    `free_bytes` and `largest_free_block_bytes` count blocks with their headers, as the allocators do.
    `used_bytes` is everything else that was taken from the memory: allocated blocks with headers and padding, and
    what the allocator needs for itself. `untouched_bytes` are beyond the break, 0 for a pool of fixed size.
    `largest_request_bytes` is the largest request that malloc would grant now, 0 for none.
    """

    free_bytes: int
    largest_free_block_bytes: int
    free_blocks: int
    used_bytes: int
    untouched_bytes: int
    largest_request_bytes: int


@dataclass(frozen=True, slots=True)
class Heap:
    """An allocator: all of its state and its memory's headers are one int32 array, which compiled code can take.

    `start(heap_bytes, base_address)`: a fresh state; raises BadInputError for a size that cannot be.
    `malloc(state, request_bytes)`: the address, 0 for NULL. A negative size is one of 2**31 and more in C: NULL.
    `free(state, address)`: FREED, or OUTSIDE, NEVER_ALLOCATED or ALREADY_FREE, which leave the heap as it is. Of NULL
    it is FREED, as in C.
    `survey(state)`: a Survey.
    `payload_bytes(state, address)`: how many bytes the block at an address that malloc returned really has for the
    program, 0 where nothing is allocated.
    `overhead_bytes`: the header that every allocated block has; rounding and remainders come on top.
    `source`: the document or program that the rule was read off.
    """

    name: str
    title: str
    source: str
    overhead_bytes: int
    start: Callable[[int, int], NDArray[np.int32]]
    malloc: Callable[[Any, Any], Any]
    free: Callable[[Any, Any], Any]
    survey: Callable[[Any], Any]
    payload_bytes: Callable[[Any, Any], Any]


def check_place(title: str, heap_bytes: int, base_address: int, least_bytes: int, alignment: int = 1) -> None:
    """Raise BadInputError for a heap that is too small for its allocator, too large to simulate, or outside memory."""
    if heap_bytes < least_bytes:
        raise BadInputError(
            f"a heap of {heap_bytes} bytes is too small for {title}, which needs {least_bytes} at least"
        )
    if heap_bytes > MOST_BYTES:
        raise BadInputError(f"a heap of {heap_bytes} bytes is larger than the {MOST_BYTES} that can be simulated")
    if not 0 < base_address <= ADDRESS_SPACE_BYTES - heap_bytes:
        raise BadInputError(
            f"a heap of {heap_bytes} bytes at address {base_address:#x} does not lie in an address space of 32 bits "
            "above address 0"
        )
    if base_address % alignment:
        raise BadInputError(f"{title} needs a heap at a multiple of {alignment}, and {base_address:#x} is none")
