"""Random malloc and free operations, and what a simulated heap, or another allocator in Python, answers to them."""

import numba
import numpy as np

FREE = 1 << 31  # in an operation's slot


def operations(seed, count, slots, sizes, largest=400):
    """Rows of (slot, or FREE | slot; bytes): slots are picked at random, those that hold a block are freed.

    `sizes`: "small" ones up to 64, "even" up to the largest, "scaled" (as many of 16 to 32 as of 512 to 1,024), or
    "mixed" of these with zeros, multiples of a page and requests that no memory grants.
    """
    generator = np.random.default_rng(seed)
    picked = generator.integers(0, slots, count)
    order = np.argsort(picked, kind="stable")
    first = np.concatenate(([0], np.flatnonzero(np.diff(picked[order])) + 1))
    visits = np.arange(count) - np.repeat(first, np.diff([*first, count]))
    turn = np.empty(count, np.int64)
    turn[order] = visits
    kinds = {
        "small": generator.integers(0, 65, count),
        "even": generator.integers(1, largest + 1, count),
        "scaled": np.exp2(generator.uniform(0, np.log2(largest), count)).astype(np.int64),
        "page": 4096 * generator.integers(1, 4, count) + generator.integers(-40, 8, count),
        "huge": generator.integers(1 << 20, 1 << 32, count),
        "zero": np.zeros(count, np.int64),
    }
    if sizes == "mixed":
        which = generator.choice(list(kinds), count, p=[0.35, 0.3, 0.25, 0.05, 0.02, 0.03])
        chosen = np.select([which == kind for kind in kinds], list(kinds.values()))
    else:
        chosen = kinds[sizes]
    frees = turn % 2 == 1
    return np.stack([np.where(frees, picked | FREE, picked), np.where(frees, 0, chosen)], axis=1)


def emptied(rows, seed):
    """The operations, and frees of whatever is left in random order; then a large request."""
    slots = rows[:, 0] & ~FREE
    last = dict(zip(slots.tolist(), rows[:, 0].tolist(), strict=True))
    left = [slot for slot, row in last.items() if row < FREE]
    order = np.random.default_rng(seed).permutation(left)
    frees = np.stack([order | FREE, np.zeros_like(order)], axis=1).astype(np.int64)
    return np.concatenate([rows, frees, [[0, 1 << 14]]])


def simulated(heap, base_address, heap_bytes, rows):
    """An array of (address, or 0; break afterwards), and the final state. Every survey's promise is tried out.

    A request up to `largest_request_bytes` has to be granted, a larger one refused, and used, free and untouched
    bytes have to sum to the heap's.
    """
    state = heap.start(heap_bytes, base_address)
    results = np.zeros((len(rows), 2), np.int64)
    blocks = np.zeros(int((rows[:, 0] & ~FREE).max()) + 1, np.int64)
    wrong = _simulate(heap.malloc, heap.free, heap.survey, heap.payload_bytes, state, rows, blocks, results)
    assert wrong == 0, f"{heap.name} breaks its word at operation {wrong - 1}"
    results[:, 1] = base_address + heap_bytes - results[:, 1]
    return results, state


@numba.njit  # not cached: for each heap it is another one
def _simulate(malloc, free, survey, payload_bytes, state, rows, blocks, results):
    total = -1
    for number in range(len(rows)):
        slot, size = rows[number, 0], rows[number, 1]
        before = survey(state)
        if slot & FREE:
            slot ^= FREE
            if free(state, blocks[slot]):
                return number + 1
            blocks[slot] = 0
        else:
            blocks[slot] = malloc(state, size)
            granted = size <= before[5]
            if size > 0 and granted != (blocks[slot] != 0):
                return number + 1
            if blocks[slot] and payload_bytes(state, blocks[slot]) < size:
                return number + 1
            results[number, 0] = blocks[slot]
        after = survey(state)
        total = after[0] + after[3] + after[4] if total < 0 else total
        if after[0] + after[3] + after[4] != total or after[0] < after[1] or after[3] < 0:
            return number + 1
        results[number, 1] = after[4]
    return 0


def modelled(model, rows):
    """The addresses that an object with malloc and free gives."""
    blocks, addresses = {}, []
    for slot, size in rows.tolist():
        if slot & FREE:
            model.free(blocks.pop(slot ^ FREE))
            addresses.append(0)
        else:
            blocks[slot] = model.malloc(size)
            addresses.append(blocks[slot])
    return np.array(addresses)


def assert_same(expected, found, rows):
    """Fail with the first operation that differs."""
    different = np.flatnonzero((np.atleast_2d(expected.T).T != np.atleast_2d(found.T).T).any(axis=1))
    if len(different):
        at = different[0]
        what = f"operation {at} {rows[at].tolist()}: {found[at].tolist()} instead of {expected[at].tolist()}"
        raise AssertionError(f"{len(different)} of {len(rows)} differ, the first is {what}")
