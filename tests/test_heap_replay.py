import numpy as np
import pytest

from mcusim import heap_replay
from mcusim.allocators import HEAPS
from mcusim.heap import FREED, Survey
from mcusim.heap_operations import BLOCK_MASK, BYTES_SHIFT, SECOND_US, stream
from mcusim.workload import load_workload

BASE = 0x2000_0000


def replayed(heap, operations, heap_bytes, pieces=1):
    """State, blocks, sums and how many operations were carried out, in one call or several."""
    state = heap.start(heap_bytes, BASE)
    blocks = np.zeros((int((operations & BLOCK_MASK).max()) + 1, heap_replay.BLOCK_COLUMNS), np.int64)
    sums = np.zeros(heap_replay.SUMS, np.int64)
    sums[heap_replay.LEAST_LARGEST] = Survey(*heap.survey(state)).largest_request_bytes
    total = 0
    for piece in np.array_split(operations, pieces):
        done = heap_replay.replay(heap, state, piece, blocks, sums)
        total += done
        if done < len(piece):
            break
    return state, blocks, sums, total


def by_hand(heap, operations, heap_bytes):
    """The same, one operation after the other: address and size of the live blocks, the most of it, the failure."""
    state = heap.start(heap_bytes, BASE)
    alive, most, number = {}, 0, 0
    for number, word in enumerate(operations.tolist()):
        size, block = word >> BYTES_SHIFT, word & BLOCK_MASK
        if not size:
            assert heap.free(state, alive.pop(block)[0]) == FREED
            continue
        address = int(heap.malloc(state, size))
        if address == 0:
            return state, alive, most, number
        alive[block] = (address, size, int(heap.payload_bytes(state, address)))
        most = max(most, sum(granted + heap.overhead_bytes for _, _, granted in alive.values()))
    return state, alive, most, number + 1


@pytest.fixture(scope="module")
def operations():
    made = stream(load_workload("ble_sensor"), 3, 1 << 16)
    return np.concatenate([made.started, made.fill(600 * SECOND_US).operations])


@pytest.mark.parametrize("name", HEAPS)
@pytest.mark.parametrize("heap_bytes", [32768, 2600])
def test_as_by_hand(name, heap_bytes, operations):
    heap = HEAPS[name]
    heap_bytes += 3208 if name == "tlsf" else 0  # what it keeps for itself
    state, alive, most, total = by_hand(heap, operations, heap_bytes)
    got, blocks, sums, done = replayed(heap, operations, heap_bytes)
    assert done == total
    assert (total < len(operations)) == (heap_bytes < 8192)
    np.testing.assert_array_equal(got, state)
    assert {int(number): int(blocks[number, 0]) for number in np.flatnonzero(blocks[:, 0])} == {
        number: address for number, (address, _, _) in alive.items()
    }
    assert sums[heap_replay.ASKED] == sum(size for _, size, _ in alive.values())
    assert sums[heap_replay.GRANTED] == sum(granted for _, _, granted in alive.values())
    assert sums[heap_replay.LIVE] == len(alive) == sums[heap_replay.MALLOCS] - sums[heap_replay.FREES]
    assert sums[heap_replay.MALLOCS] + sums[heap_replay.FREES] == total
    assert sums[heap_replay.MOST_TAKEN] == most


@pytest.mark.parametrize("name", HEAPS)
def test_pieces_are_the_whole(name, operations):
    heap = HEAPS[name]
    one, other = (replayed(heap, operations, 32768, pieces) for pieces in (1, 7))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    look = heap_replay.LEAST_LARGEST  # looked at by the number within a piece
    np.testing.assert_array_equal(np.delete(one[2], look), np.delete(other[2], look))


@pytest.mark.parametrize("name", HEAPS)
def test_a_free_of_what_is_not_alive_is_reported(name):
    words = np.array([0 | 64 << BYTES_SHIFT, 0, 0], np.int64)
    heap = HEAPS[name]
    state = heap.start(8192, BASE)
    blocks, sums = np.zeros((1, heap_replay.BLOCK_COLUMNS), np.int64), np.zeros(heap_replay.SUMS, np.int64)
    assert heap_replay.replay(heap, state, words[:2], blocks, sums) == 2
    blocks[0, heap_replay.ADDRESS] = 12
    assert heap_replay.replay(heap, state, words[2:], blocks, sums) == -1
