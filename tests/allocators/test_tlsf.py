"""TLSF against a model with lists of Python's, the examples of its paper, and by hand."""

import numba
import pytest
from heap_operations import assert_same, emptied, modelled, operations, simulated

from mcusim.allocators import HEAPS, tlsf
from mcusim.heap import ALREADY_FREE, FREED, NEVER_ALLOCATED

TLSF = HEAPS["tlsf"]
BASE = 0x2000_0000
FIRST = BASE + 3188 + 4  # where the first payload begins


class Classes:
    """Free blocks in a list for each class, the last that came first; a class is a range of sizes, ends included."""

    def __init__(self, base_address, heap_bytes):
        begin = base_address + 3188
        room = (heap_bytes - 3188 - 8) // 4 * 4
        self.ranges = [(4 * n, 4 * n + 3) for n in range(32)]
        for power in range(7, 31):
            step = 1 << power - 5
            self.ranges += [(low, low + step - 1) for low in range(1 << power, 2 << power, step)]
        self.lists = [[] for _ in self.ranges]
        self.sizes = {begin: room}  # where a block begins, as its header of 4 bytes
        self.free_ones = set()
        self.add(begin)

    def number(self, size):
        return next(number for number, (low, high) in enumerate(self.ranges) if low <= size <= high)

    def add(self, begin):
        self.free_ones.add(begin)
        self.lists[self.number(self.sizes[begin])].insert(0, begin)

    def drop(self, begin):
        self.free_ones.remove(begin)
        self.lists[self.number(self.sizes[begin])].remove(begin)

    def malloc(self, size):
        if not 0 < size < 1 << 30:
            return 0
        wanted = max((size + 3) // 4 * 4, 12)
        large_enough = [number for number, (low, _) in enumerate(self.ranges) if low >= wanted]
        begin = next((self.lists[number][0] for number in large_enough if self.lists[number]), None)
        if begin is None:
            return 0
        self.drop(begin)
        rest = self.sizes[begin] - wanted - 4
        if rest >= 12:
            self.sizes[begin] = wanted
            self.sizes[begin + 4 + wanted] = rest
            self.add(begin + 4 + wanted)
        return begin + 4

    def free(self, address):
        if not address:
            return
        begin = address - 4
        before = next((one for one in self.free_ones if one + 4 + self.sizes[one] == begin), None)
        if before is not None:
            self.drop(before)
            self.sizes[before] += self.sizes.pop(begin) + 4
            begin = before
        behind = begin + 4 + self.sizes[begin]
        if behind in self.free_ones:
            self.drop(behind)
            self.sizes[begin] += self.sizes.pop(behind) + 4
        self.add(begin)


CASES = [
    ((1, 5000, 100, "mixed", 600), 0, 1 << 20),
    ((2, 5000, 100, "scaled", 8000), 4, 50_001),
    ((3, 5000, 60, "small", 64), 0, 4300),
    ((4, 5000, 100, "even", 100), 8, 8192),
]


@pytest.mark.parametrize("arguments, offset, heap_bytes", CASES)
def test_every_address_is_the_model_s(arguments, offset, heap_bytes):
    rows = emptied(operations(*arguments), arguments[0])
    mine, state = simulated(TLSF, BASE + offset, heap_bytes, rows)
    assert_same(modelled(Classes(BASE + offset, heap_bytes), rows), mine[:, 0], rows)
    TLSF.free(state, mine[-1, 0])
    assert TLSF.survey(state).free_blocks == 1, "all free is one block"


@pytest.mark.slow
@pytest.mark.parametrize("seed, sizes", [(5, "mixed"), (6, "scaled"), (7, "small"), (8, "even")])
def test_the_same_for_a_hundred_thousand_operations(seed, sizes):
    rows = emptied(operations(seed, 100_000, 200, sizes, 2000), seed)
    mine, _ = simulated(TLSF, BASE, 70_000, rows)
    assert_same(modelled(Classes(BASE, 70_000), rows), mine[:, 0], rows)


@numba.njit
def class_of(size):
    return tlsf._class_of(size)


@pytest.mark.parametrize(
    "size, first, second",
    [
        (12, 0, 3),
        (124, 0, 31),
        (128, 1, 0),
        (131, 1, 0),
        (132, 1, 1),
        (252, 1, 31),
        # Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems" (2004), 3.2: a size of 460 is of
        # the first level 8 and, of 16 classes there, the second level 12. Of 32 it is 25; levels below 7 are one here.
        (460, 8 - 6, 25),
        ((1 << 30) - 4, 23, 31),
    ],
)
def test_the_class_of_a_size(size, first, second):
    assert class_of(size) == (first, second)


def test_a_block_that_fits_is_passed_over_if_its_class_may_hold_smaller_ones():
    """Good fit: 260 bytes are in the class of 256 to 263, and a request of 260 looks from 264 on."""
    state = TLSF.start(8192, BASE)
    block, _ = TLSF.malloc(state, 260), TLSF.malloc(state, 4)
    assert block == FIRST and TLSF.free(state, block) == FREED
    assert TLSF.malloc(state, 260) != block
    assert TLSF.malloc(state, 256) == block
    assert TLSF.payload_bytes(state, block) == 260, "4 more bytes are no block"


@pytest.mark.parametrize("asked, left", [(24, 12), (28, 0)])
def test_a_remainder_needs_a_header_and_the_smallest_payload(asked, left):
    state = TLSF.start(8192, BASE)
    block, _ = TLSF.malloc(state, 40), TLSF.malloc(state, 4)
    TLSF.free(state, block)
    assert TLSF.malloc(state, asked) == block
    assert TLSF.payload_bytes(state, block) == (asked if left else 40)
    assert TLSF.survey(state).free_blocks == (2 if left else 1)


def test_the_pool():
    state = TLSF.start(4096, BASE)
    assert tuple(TLSF.survey(state)) == (904, 904, 1, 3192, 0, 896), "900 bytes are in the class of 896 to 911"
    assert TLSF.malloc(state, 897) == 0 and TLSF.malloc(state, 896) == FIRST
    assert TLSF.malloc(state, 1) == 0
    assert TLSF.free(state, FIRST + 4) == NEVER_ALLOCATED
    assert TLSF.free(state, FIRST) == FREED and TLSF.free(state, FIRST) == ALREADY_FREE
    assert tuple(TLSF.survey(state)) == (904, 904, 1, 3192, 0, 896)
