"""newlib's malloc, simulated, against the real one of the installed toolchain in the emulator."""

import numpy as np
import pytest
from heap_operations import FREE, assert_same, emptied, operations, simulated
from real_heaps import HEAP, answers

from mcusim.allocators import HEAPS
from mcusim.heap import FREED

NEWLIB = HEAPS["newlib"]
# Seed, count, slots, sizes, largest; then where the heap begins, relative to a page, and its bytes.
QUICK = [
    ((1, 5000, 200, "mixed", 600), 0, 1 << 20),  # never full
    ((2, 5000, 300, "scaled", 8000), 0x234, 90_000),  # full at times
]
EDGES = [
    ((3, 1500, 60, "mixed", 300), 0xFFF, 9000),  # the first sbrk is not aligned
    ((4, 1000, 60, "small", 64), 1, 4100),  # the second sbrk of the first growth fails
    ((5, 1000, 40, "even", 60_000), 0x10, 1 << 20),  # pages go back
    ((6, 1000, 60, "even", 600), 0x802, 13_000),
]
SLOW = [
    ((10, 100_000, 200, "mixed", 600), 0x128, 1 << 20),
    ((11, 100_000, 400, "mixed", 2000), 8, 150_000),
    ((12, 100_000, 1000, "small", 64), 0, 40_000),
    ((13, 100_000, 1000, "scaled", 30_000), 0xFFC, 700_000),
    ((14, 100_000, 60, "even", 60_000), 3, 1 << 20),
    ((15, 100_000, 8000, "even", 400), 0, 1 << 20),
]


def compare(specs, heap, arguments, offset, heap_bytes):
    rows = emptied(operations(*arguments), arguments[0])
    real = answers(specs, HEAP + offset, heap_bytes, rows)
    mine, _ = simulated(heap, HEAP + offset, heap_bytes, rows)
    assert_same(real, mine, rows)
    return rows, real


@pytest.mark.parametrize("arguments, offset, heap_bytes", QUICK)
def test_same_addresses_and_breaks_as_the_real_one(arguments, offset, heap_bytes):
    compare((), NEWLIB, arguments, offset, heap_bytes)


@pytest.mark.parametrize("arguments, offset, heap_bytes", EDGES)
def test_the_same_where_sbrk_fails_or_gets_pages_back(arguments, offset, heap_bytes):
    compare((), NEWLIB, arguments, offset, heap_bytes)


@pytest.mark.slow
@pytest.mark.parametrize("arguments, offset, heap_bytes", SLOW)
def test_the_same_for_a_hundred_thousand_operations(arguments, offset, heap_bytes):
    compare((), NEWLIB, arguments, offset, heap_bytes)


def test_the_operations_reach_what_they_are_meant_to():
    """Requests fail and pages go back to sbrk: without these the comparison says little."""
    results, _ = simulated(NEWLIB, HEAP + 0x10, 1 << 20, emptied(operations(*EDGES[2][0]), 5))
    assert (np.diff(results[:, 1]) < 0).any(), "nothing was trimmed"
    rows = operations(*QUICK[1][0])
    results, _ = simulated(NEWLIB, HEAP + 0x234, 90_000, rows)
    refused = (results[:, 0] == 0) & (rows[:, 0] < FREE)
    assert 50 < refused.sum() < 2500


def test_by_hand():
    """The first sbrk asks for the chunk and 16 bytes, the second fills the page; an exact fit, a remainder, the top."""
    state = NEWLIB.start(0x3000, HEAP)
    first, second, third = (NEWLIB.malloc(state, size) for size in (20, 12, 0))
    assert [first, second, third] == [HEAP + 8, HEAP + 32, HEAP + 48]
    assert NEWLIB.survey(state).untouched_bytes == 0x2000
    assert NEWLIB.payload_bytes(state, first) == 20 and NEWLIB.payload_bytes(state, third) == 12
    assert NEWLIB.free(state, first) == FREED
    assert NEWLIB.malloc(state, 13) == first, "a chunk of 24 has 20 bytes"
    assert NEWLIB.free(state, second) == FREED and NEWLIB.free(state, first) == FREED
    assert NEWLIB.malloc(state, 12) == first and NEWLIB.malloc(state, 12) == first + 16, "what was left of 40 bytes"


@pytest.mark.parametrize("heap_bytes", [4000, 4096, 8192, 20_000])
@pytest.mark.parametrize("offset", [0, 1, 0x7FC])
def test_the_largest_request_of_an_empty_heap(heap_bytes, offset):
    """What survey promises before the first sbrk, and that a byte more is refused."""
    largest = NEWLIB.survey(NEWLIB.start(heap_bytes, HEAP + offset)).largest_request_bytes
    assert NEWLIB.malloc(NEWLIB.start(heap_bytes, HEAP + offset), largest + 1) == 0
    assert largest == 0 or NEWLIB.malloc(NEWLIB.start(heap_bytes, HEAP + offset), largest)
