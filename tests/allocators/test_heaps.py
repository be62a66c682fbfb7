"""What every heap promises: blocks that never overlap, frees that are told if they are wrong, sizes that can be."""

import numpy as np
import pytest
from heap_operations import FREE, emptied, operations, simulated

from mcusim.allocators import HEAPS
from mcusim.errors import BadInputError
from mcusim.heap import ALREADY_FREE, FREED, MOST_BYTES, NEVER_ALLOCATED, OUTSIDE

BASE, HEAP_BYTES = 0x2000_0004, 60_000
ALIGNMENT = {"tlsf": 4}
ALL = pytest.mark.parametrize("heap", HEAPS.values(), ids=list(HEAPS))


@ALL
@pytest.mark.parametrize("sizes", ["mixed", "scaled", "small"])
def test_blocks_never_overlap(heap, sizes):
    """Each byte of a payload has one owner, and no header lies in a payload: every block keeps apart from the last."""
    rows = operations(9, 4000, 200, sizes, 1000)
    results, _ = simulated(heap, BASE, HEAP_BYTES, rows)
    owned = np.zeros(HEAP_BYTES + 8, bool)
    blocks = {}
    for (slot, size), address in zip(rows.tolist(), results[:, 0].tolist(), strict=True):
        if slot & FREE:
            begin, end = blocks.pop(slot ^ FREE)
            owned[begin:end] = False
            continue
        begin = address - BASE
        blocks[slot] = (begin - 4, begin + size) if address else (0, 0)
        if address:
            assert address % ALIGNMENT.get(heap.name, 8) == 0
            assert begin >= 4 and begin + size <= HEAP_BYTES
            assert not owned[begin - 4 : begin + size].any()
            owned[begin - 4 : begin + size] = True


@ALL
def test_a_heap_that_is_empty_again_is_whole_again(heap):
    rows = emptied(operations(10, 3000, 100, "scaled", 500), 10)
    results, state = simulated(heap, BASE, HEAP_BYTES, rows)
    assert heap.free(state, results[-1, 0]) == FREED
    survey = heap.survey(state)
    assert survey.free_blocks == 1 and survey.largest_free_block_bytes == survey.free_bytes


@ALL
def test_wrong_frees_are_told_and_change_nothing(heap):
    state = heap.start(HEAP_BYTES, BASE)
    blocks = [heap.malloc(state, size) for size in (100, 24, 300)]
    addresses = [*range(BASE, BASE + 500), BASE + HEAP_BYTES - 1]
    before = state.copy()
    assert heap.free(state, 0) == FREED
    assert heap.free(state, BASE - 8) == heap.free(state, BASE + HEAP_BYTES) == heap.free(state, -4) == OUTSIDE
    assert heap.free(state, 0xFFFF_FFF8) == OUTSIDE
    for address in set(addresses) - set(blocks):
        assert heap.free(state, address) in (NEVER_ALLOCATED, OUTSIDE)
        assert heap.payload_bytes(state, address) == 0
    assert (state == before).all()
    assert heap.free(state, blocks[1]) == FREED
    before = state.copy()
    assert heap.free(state, blocks[1]) == ALREADY_FREE and heap.payload_bytes(state, blocks[1]) == 0
    assert (state == before).all()
    assert heap.free(state, blocks[0]) == FREED
    assert heap.free(state, blocks[1]) == ALREADY_FREE, "it is in the middle of a free block now"
    assert heap.malloc(state, 100) and heap.free(state, blocks[2]) == FREED


@ALL
@pytest.mark.parametrize("base", [0x2000_0000, 0x9000_0000, 0xD000_0000])
def test_addresses_only_follow_the_heap(heap, base):
    """Also in memory whose addresses are negative as int32."""
    rows = operations(11, 500, 50, "mixed", 600)
    first, _ = simulated(heap, 0x1000, 20_000, rows)
    second, _ = simulated(heap, base, 20_000, rows)
    assert (np.where(first[:, 0] > 0, first[:, 0] - 0x1000 + base, 0) == second[:, 0]).all()


@ALL
@pytest.mark.parametrize(
    "heap_bytes, base, words",
    [
        (0, BASE, "too small"),
        (-5, BASE, "too small"),
        (12, BASE, "too small"),
        (MOST_BYTES + 1, BASE, "larger than"),
        (4096, 0, "does not lie"),
        (4096, (1 << 32) - 4095, "does not lie"),
        (4096, -4, "does not lie"),
    ],
)
def test_heaps_that_cannot_be(heap, heap_bytes, base, words):
    with pytest.raises(BadInputError, match=words):
        heap.start(heap_bytes, base)


def test_tlsf_needs_an_aligned_address():
    with pytest.raises(BadInputError, match="multiple of 4"):
        HEAPS["tlsf"].start(8192, BASE + 2)


@ALL
@pytest.mark.parametrize("heap_bytes", [40, 64, 100, 3216, 4000, 5000])
def test_the_smallest_heaps_work(heap, heap_bytes):
    if heap.name == "tlsf" and heap_bytes < 3208:
        pytest.skip("TLSF's control structure alone is larger")
    simulated(heap, 0x2000_0000, heap_bytes, emptied(operations(12, 500, 20, "small", 40), 12))


@ALL
def test_what_it_is_is_said(heap):
    assert HEAPS[heap.name] is heap and heap.title and heap.source and heap.overhead_bytes in (4, 8)
