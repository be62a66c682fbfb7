"""newlib-nano's malloc, simulated, against the real one in the emulator and a model that looks at gaps."""

import numpy as np
import pytest
from heap_operations import FREE, assert_same, emptied, modelled, operations, simulated
from real_heaps import HEAP, answers, library_version

from mcusim.allocators import HEAPS

RECENT, OLD = HEAPS["newlib_nano"], HEAPS["newlib_nano_3"]
SPECS = ("--specs=nano.specs",)
# As in test_newlib.py.
QUICK = [
    ((1, 5000, 200, "mixed", 600), 0, 1 << 20),
    ((2, 5000, 300, "scaled", 8000), 0x234, 90_000),
]
EDGES = [
    ((3, 1500, 60, "mixed", 300), 0xFFF, 9000),  # the first sbrk is not aligned
    ((4, 1000, 60, "small", 64), 1, 1000),
    ((5, 1000, 60, "even", 600), 0x802, 13_000),
    ((6, 200, 60, "even", 30), 1, 27),  # not even one chunk behind the bytes that align the break
]
SLOW = [
    ((10, 100_000, 200, "mixed", 600), 0x128, 1 << 20),
    ((11, 100_000, 400, "mixed", 2000), 8, 150_000),
    ((12, 100_000, 1000, "small", 64), 0, 30_000),
    ((13, 100_000, 1000, "scaled", 30_000), 0xFFC, 700_000),
    ((14, 100_000, 60, "even", 60_000), 3, 1 << 20),
    ((15, 100_000, 8000, "even", 400), 0, 1 << 20),
]


class Gaps:
    """The rule of first fit by what is allocated alone: gaps between blocks are free, so they are merged always."""

    def __init__(self, base_address, heap_bytes, recent):
        self.begin = self.end = base_address
        self.limit = base_address + heap_bytes
        self.recent = recent
        self.blocks = {}  # where a chunk begins: its bytes

    def gaps(self):
        at, found = self.begin, []
        for begin in sorted(self.blocks):
            found.append((at, begin - at))
            at = begin + self.blocks[begin]
        return [gap for gap in [*found, (at, self.end - at)] if gap[1] > 0]

    def malloc(self, size):
        if size >= 1 << 31:
            return 0
        wanted = max((size + 3) // 4 * 4 + 8, 12)
        gap = next((gap for gap in self.gaps() if gap[1] >= wanted), None)
        if gap is not None:
            begin, room = gap
            taken = wanted if room - wanted >= 12 else room
            return self.take(begin if self.recent else begin + room - taken, taken)
        if self.end + wanted <= self.limit:
            self.end += wanted
            return self.take(self.end - wanted, wanted)
        last = self.gaps()[-1] if self.gaps() else (0, 0)
        if self.recent and sum(last) == self.end and last[0] + wanted <= self.limit:
            self.end = last[0] + wanted
            return self.take(last[0], wanted)
        return 0

    def take(self, begin, size):
        self.blocks[begin] = size
        return (begin + 4 + 7) // 8 * 8

    def free(self, address):
        if address:
            begin = address - 4 if address - 4 in self.blocks else address - 8
            del self.blocks[begin]


def compare(arguments, offset, heap_bytes):
    rows = emptied(operations(*arguments), arguments[0])
    real = answers(SPECS, HEAP + offset, heap_bytes, rows)
    major, minor = map(int, library_version().split(".")[:2])
    mine, _ = simulated(RECENT if (major, minor) >= (4, 1) else OLD, HEAP + offset, heap_bytes, rows)
    assert_same(real, mine, rows)


@pytest.mark.parametrize("arguments, offset, heap_bytes", QUICK)
def test_same_addresses_and_breaks_as_the_real_one(arguments, offset, heap_bytes):
    compare(arguments, offset, heap_bytes)


@pytest.mark.parametrize("arguments, offset, heap_bytes", EDGES)
def test_the_same_where_sbrk_fails(arguments, offset, heap_bytes):
    compare(arguments, offset, heap_bytes)


@pytest.mark.slow
@pytest.mark.parametrize("arguments, offset, heap_bytes", SLOW)
def test_the_same_for_a_hundred_thousand_operations(arguments, offset, heap_bytes):
    compare(arguments, offset, heap_bytes)


@pytest.mark.parametrize("heap", [RECENT, OLD], ids=lambda heap: heap.name)
@pytest.mark.parametrize("arguments, heap_bytes", [(QUICK[0][0], 30_000), (QUICK[1][0], 90_000), (EDGES[1][0], 1000)])
def test_the_rule_in_gaps(heap, arguments, heap_bytes):
    """Both generations; of the one that the toolchain does not have, this is the judge."""
    rows = emptied(operations(*arguments), 7)
    expected = modelled(Gaps(HEAP + 4, heap_bytes, heap is RECENT), rows)
    mine, state = simulated(heap, HEAP + 4, heap_bytes, rows)
    assert_same(expected, mine[:, 0], rows)
    assert heap.free(state, mine[-1, 0]) == 0
    assert heap.survey(state).used_bytes == 0 and heap.survey(state).free_blocks == 1


def test_the_operations_exhaust_the_heap():
    rows = operations(*EDGES[1][0])
    for heap in RECENT, OLD:
        results, _ = simulated(heap, HEAP + 1, 1000, rows)
        refused = (results[:, 0] == 0) & (rows[:, 0] < FREE)
        assert 100 < refused.sum() < 500


def test_a_chunk_is_cut_at_its_low_end_since_4_1_and_at_its_high_end_before():
    for heap, expected in ((RECENT, HEAP + 8), (OLD, HEAP + 0x78)):
        state = heap.start(1000, HEAP)
        first, _ = heap.malloc(state, 120), heap.malloc(state, 8)
        assert first == HEAP + 8, "padding before the first payload"
        assert heap.free(state, first) == 0
        assert heap.malloc(state, 8) == expected


def test_a_last_free_chunk_grows_where_sbrk_has_no_whole_chunk():
    for heap, expected in ((RECENT, True), (OLD, False)):
        state = heap.start(200, HEAP)
        block = heap.malloc(state, 100)
        assert heap.free(state, block) == 0
        assert heap.survey(state).largest_request_bytes == (192 if expected else 100)
        assert (heap.malloc(state, 192) == block) == expected
        assert heap.survey(state).untouched_bytes == (0 if expected else 92)


def test_bytes_before_an_aligned_break_are_lost_and_used():
    state = RECENT.start(100, HEAP + 1)
    assert RECENT.malloc(state, 8) == HEAP + 8
    assert tuple(RECENT.survey(state))[2:5] == (0, 19, 81)
    assert np.count_nonzero([RECENT.malloc(state, 8) for _ in range(9)]) == 5
