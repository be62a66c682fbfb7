"""The list in two arrays, against a dict of what is free."""

import numba
import numpy as np
import pytest

from mcusim import free_blocks
from mcusim.lanes import LANES


@numba.njit
def first_fit(state, wanted):
    return free_blocks.first_fit(state, wanted)


@numba.njit
def give_back(state, offset, size):
    free_blocks.give_back(state, offset, size)


@numba.njit
def take(state, block):
    free_blocks.take(state, block)


@numba.njit
def change(state, block, offset, size):
    free_blocks.change(state, block, offset, size)


@numba.njit
def last(state):
    return free_blocks.last(state)


@numba.njit
def survey(state):
    return free_blocks.survey(state)


GUARD = 77


def empty(blocks):
    """A list and a word behind it."""
    state = np.zeros(free_blocks.words(blocks) + 1, np.int32)
    free_blocks.empty(state, blocks)
    state[-1] = GUARD
    return state


def content(state):
    """What the list holds, as (number, offset, size); the directory and what is behind the last are looked at too."""
    groups, capacity = int(state[free_blocks.GROUPS]), int(state[free_blocks.CAPACITY])
    firsts, largest, rest = np.split(state[free_blocks.FIRSTS :], [capacity, 2 * capacity])
    assert (firsts[groups:] == free_blocks.NOWHERE).all() and not largest[groups:].any()
    found = []
    for group in range(groups):
        offsets, sizes = rest[group * 2 * LANES :][: 2 * LANES].reshape(2, LANES)
        count = int((sizes > 0).sum())
        assert count and (offsets[count:] == free_blocks.NOWHERE).all() and not sizes[count:].any()
        assert firsts[group] == offsets[0] and largest[group] == sizes.max()
        numbers = range(group * LANES, group * LANES + count)
        found += zip(numbers, offsets[:count].tolist(), sizes[:count].tolist(), strict=True)
    assert state[-1] == GUARD, "it wrote behind its end"
    return found


@pytest.mark.parametrize("seed, granules, steps", [(1, 40, 1500), (2, 400, 1500), (3, 6000, 6000)])
def test_blocks_come_and_go(seed, granules, steps):
    """Granules of 8 bytes become free and used at random; runs of free ones are the blocks."""
    generator = np.random.default_rng(seed)
    state = empty(free_blocks.most_blocks(8 * granules, 8))
    free = np.zeros(granules + 2, bool)
    for step in range(steps):
        granule = int(generator.integers(granules))
        if not free[granule + 1]:
            give_back(state, 8 * granule, 8)
            free[granule + 1] = True
        elif step % 3 == 0:
            block, offset, size = next(one for one in reversed(content(state)) if one[1] <= 8 * granule)
            if size > 8:
                change(state, block, offset + 8, size - 8)
                free[offset // 8 + 1] = False
            else:
                take(state, block)
                free[offset // 8 + 1] = False
        if granules > 1000 and step % 50:
            continue
        begins, ends = (np.flatnonzero(free[1:] & ~free[:-1]), np.flatnonzero(free[:-1] & ~free[1:]))
        expected = list(zip((8 * begins).tolist(), (8 * (ends - begins)).tolist(), strict=True))
        blocks = content(state)
        assert [(offset, size) for _, offset, size in blocks] == expected
        wanted = 8 * int(generator.integers(1, 5))
        fitting = [number for number, _, size in blocks if size >= wanted]
        assert first_fit(state, wanted) == (fitting[0] if fitting else free_blocks.NONE)
        assert last(state) == (blocks[-1][0] if blocks else free_blocks.NONE)
        sizes = [size for _, size in expected]
        assert survey(state) == (sum(sizes), max(sizes, default=0), len(sizes))


ORDERS = {
    "up": lambda count: range(count),
    "down": lambda count: reversed(range(count)),
    "halves": lambda count: sorted(range(count), key=lambda number: (number % 2, number)),
    "random": lambda count: np.random.default_rng(4).permutation(count).tolist(),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("count", [1, 4, 32, 300, 3000])
def test_as_many_blocks_as_there_can_be(order, count):
    """Every second granule is free, in any order."""
    state = empty(free_blocks.most_blocks(16 * count, 8))
    for number in ORDERS[order](count):
        give_back(state, 16 * number, 8)
    assert [(offset, size) for _, offset, size in content(state)] == [(16 * number, 8) for number in range(count)]


def test_groups_of_one_block_each_are_packed_when_there_are_too_many():
    """Blocks below the lowest such group come until one of them has to be split; of its upper half the last stays."""
    count = 600
    state = empty(free_blocks.most_blocks(16 * count, 8))
    held, lowest = set(), count
    while state[free_blocks.GROUPS] < state[free_blocks.CAPACITY]:
        for number in set(range(lowest - LANES - 1, lowest)) - held:
            give_back(state, 16 * number, 8)
            held.add(number)
        for block, offset, _ in reversed([one for one in content(state) if one[0] // LANES == 1][:-1]):
            take(state, block)
            held.remove(offset // 16)
        lowest = next(offset for block, offset, _ in content(state) if block // LANES == 1) // 16
    assert int(state[free_blocks.GROUPS]) * 2 > len(held), "the groups are not sparse"
    packed = False
    for number in range(count):
        if number not in held:
            before = int(state[free_blocks.GROUPS])
            give_back(state, 16 * number, 8)
            held.add(number)
            packed |= state[free_blocks.GROUPS] < before
            if number % 20 == 0 or state[free_blocks.GROUPS] < before:
                assert [offset for _, offset, _ in content(state)] == [16 * number for number in sorted(held)]
    assert packed
