"""The list in two arrays, against a dict of what is free."""

import numba
import numpy as np
import pytest

from mcusim import free_blocks


@numba.njit
def first_fit(state, wanted):
    return free_blocks.first_fit(state, wanted)


@numba.njit
def place(state, offset):
    return free_blocks.place(state, offset)


@numba.njit
def give_back(state, offset, size):
    free_blocks.give_back(state, offset, size)


@numba.njit
def remove(state, number):
    free_blocks.remove(state, number)


def content(state):
    """What the list holds, as (offset, size)."""
    count, entries = int(state[free_blocks.COUNT]), int(state[free_blocks.CAPACITY])
    offsets, sizes = np.split(state[free_blocks.OFFSETS :][: 2 * entries], 2)
    assert not offsets[count:].any() and not sizes[count:].any(), "there is something behind the last"
    return list(zip(offsets[:count].tolist(), sizes[:count].tolist(), strict=True))


@pytest.mark.parametrize("seed, granules", [(1, 40), (2, 400), (3, 3000)])
def test_blocks_come_and_go(seed, granules):
    """Granules of 8 bytes become free and used at random; runs of free ones are the blocks."""
    generator = np.random.default_rng(seed)
    entries = free_blocks.capacity(8 * granules, 8)
    state = np.full(free_blocks.words(entries) + 4, 77, np.int32)
    state[: free_blocks.words(entries)] = 0
    state[free_blocks.CAPACITY] = entries
    free = np.zeros(granules + 2, bool)
    for step in range(1500):
        granule = int(generator.integers(granules))
        if not free[granule + 1]:
            give_back(state, 8 * granule, 8)
            free[granule + 1] = True
        elif step % 5 == 0:
            number = int(np.searchsorted([offset for offset, _ in content(state)], 8 * granule, "right")) - 1
            offset, size = content(state)[number]
            free[offset // 8 + 1 : (offset + size) // 8 + 1] = False
            remove(state, number)
        begins, ends = (np.flatnonzero(free[1:] & ~free[:-1]), np.flatnonzero(free[:-1] & ~free[1:]))
        expected = list(zip((8 * begins).tolist(), (8 * (ends - begins)).tolist(), strict=True))
        assert content(state) == expected
        wanted = 8 * int(generator.integers(1, 5))
        fitting = [number for number, (_, size) in enumerate(expected) if size >= wanted]
        assert first_fit(state, wanted) == (fitting[0] if fitting else free_blocks.NONE)
        assert place(state, 8 * granule + 4) == sum(offset < 8 * granule + 4 for offset, _ in expected)
    assert (state[free_blocks.words(entries) :] == 77).all(), "it wrote behind its end"


@pytest.mark.parametrize("granules", [2, 7, 64])
def test_every_second_block_free_is_what_there_is_room_for(granules):
    entries = free_blocks.capacity(8 * granules, 8)
    state = np.zeros(free_blocks.words(entries) + 1, np.int32)
    state[free_blocks.CAPACITY], state[-1] = entries, 77
    for granule in reversed(range(0, granules, 2)):
        give_back(state, 8 * granule, 8)
    assert content(state) == [(8 * granule, 8) for granule in range(0, granules, 2)] and state[-1] == 77
