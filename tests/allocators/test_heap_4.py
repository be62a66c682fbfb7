"""heap_4 against a model that knows only what is allocated, and by hand."""

import pytest
from heap_operations import assert_same, emptied, modelled, operations, simulated

from mcusim.allocators import HEAPS
from mcusim.heap import ALREADY_FREE, FREED, NEVER_ALLOCATED, OUTSIDE

HEAP_4 = HEAPS["heap_4"]
BASE = 0x2000_0000


class Gaps:
    """First fit by address among the gaps between blocks; what would leave 16 bytes or less is not cut."""

    def __init__(self, base_address, heap_bytes):
        self.begin = -(-base_address // 8) * 8
        self.end = (base_address + heap_bytes - 8) // 8 * 8
        self.blocks = {}

    def malloc(self, size):
        wanted = (size + 8 + 7) // 8 * 8
        at = self.begin
        for begin in [*sorted(self.blocks), self.end]:
            room = begin - at
            if size and room >= wanted:
                self.blocks[at] = wanted if room - wanted > 16 else room
                return at + 8
            at = begin + self.blocks.get(begin, 0)
        return 0

    def free(self, address):
        if address:
            del self.blocks[address - 8]


CASES = [
    ((1, 5000, 200, "mixed", 600), 0, 1 << 20),
    ((2, 5000, 300, "scaled", 8000), 5, 90_001),
    ((3, 5000, 60, "small", 64), 0, 1000),
    ((4, 5000, 100, "even", 100), 4, 4096),
]


@pytest.mark.parametrize("arguments, offset, heap_bytes", CASES)
def test_every_address_is_the_lowest_that_fits(arguments, offset, heap_bytes):
    rows = emptied(operations(*arguments), arguments[0])
    mine, state = simulated(HEAP_4, BASE + offset, heap_bytes, rows)
    assert_same(modelled(Gaps(BASE + offset, heap_bytes), rows), mine[:, 0], rows)
    HEAP_4.free(state, mine[-1, 0])
    assert HEAP_4.survey(state).free_blocks == 1, "all free is one block"


@pytest.mark.slow
@pytest.mark.parametrize("seed, sizes", [(5, "mixed"), (6, "scaled"), (7, "small"), (8, "even")])
def test_the_same_for_a_hundred_thousand_operations(seed, sizes):
    rows = emptied(operations(seed, 100_000, 300, sizes, 2000), seed)
    mine, _ = simulated(HEAP_4, BASE, 100_000, rows)
    assert_same(modelled(Gaps(BASE, 100_000), rows), mine[:, 0], rows)


def test_a_remainder_has_to_be_larger_than_the_smallest_block():
    """heap_4.c: a block is cut if what is left is greater than heapMINIMUM_BLOCK_SIZE, two headers of 8 bytes."""
    state = HEAP_4.start(1000, BASE)
    block, wall = HEAP_4.malloc(state, 32), HEAP_4.malloc(state, 8)
    assert (block, wall) == (BASE + 8, BASE + 48)
    assert HEAP_4.free(state, block) == FREED
    assert HEAP_4.malloc(state, 16) == block
    assert HEAP_4.payload_bytes(state, block) == 32, "24 of 40 bytes would leave 16"
    assert HEAP_4.free(state, block) == FREED
    assert HEAP_4.malloc(state, 8) == block
    assert HEAP_4.payload_bytes(state, block) == 8, "16 of 40 bytes leave 24"


def test_alignment_and_end_take_bytes_of_the_heap():
    state = HEAP_4.start(1000, BASE + 4)
    survey = HEAP_4.survey(state)
    assert survey.free_bytes == 984 and survey.used_bytes == 16 and survey.largest_request_bytes == 976
    assert HEAP_4.malloc(state, 977) == 0 and HEAP_4.malloc(state, 976) == BASE + 16
    assert tuple(HEAP_4.survey(state)) == (0, 0, 0, 1000, 0, 0)


def test_wrong_frees_are_told_and_change_nothing():
    state = HEAP_4.start(1000, BASE)
    block = HEAP_4.malloc(state, 100)
    before = state.copy()
    assert HEAP_4.free(state, 0) == FREED
    assert HEAP_4.free(state, BASE) == HEAP_4.free(state, BASE + 1000) == OUTSIDE
    assert HEAP_4.free(state, block + 8) == HEAP_4.free(state, block + 1) == NEVER_ALLOCATED
    assert (state == before).all()
    assert HEAP_4.free(state, block) == FREED
    assert HEAP_4.free(state, block) == ALREADY_FREE
    assert tuple(HEAP_4.survey(state)) == tuple(HEAP_4.survey(HEAP_4.start(1000, BASE)))


@pytest.mark.parametrize("size", [0, -1, 1 << 31, (1 << 32) - 1, (1 << 32) - 8])
def test_requests_that_get_nothing(size):
    state = HEAP_4.start(1000, BASE)
    assert HEAP_4.malloc(state, size) == 0
