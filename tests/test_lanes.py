"""Several words at a time, against one at a time."""

import numba
import numpy as np
import pytest

from mcusim import lanes


@numba.njit
def first_at_least(words, index, least):
    return lanes.first_at_least(words, index, least)


@numba.njit
def copy(words, target, source):
    lanes.copy(words, target, source)


@numba.njit
def put(words, index, lane, word):
    lanes.put(words, index, lane, word)


@numba.njit
def insert(words, index, lane, word):
    lanes.insert(words, index, lane, word)


@numba.njit
def remove(words, index, lane, word):
    lanes.remove(words, index, lane, word)


@numba.njit
def reduced(words, index):
    return lanes.largest(words, index), lanes.total(words, index)


@pytest.mark.parametrize("lane", range(lanes.LANES))
def test_one_of_them_changes(lane):
    words = np.random.default_rng(lane).integers(-(1 << 20), 1 << 20, 40).astype(np.int32)
    for index in (0, 5, 32):
        for function in (put, insert, remove):
            expected, found = words.tolist(), words.copy()
            if function is not insert:
                del expected[index + lane]
            expected.insert(index + (lanes.LANES - 1 if function is remove else lane), -99)
            if function is insert:
                del expected[index + lanes.LANES]
            function(found, index, lane, -99)
            assert found.tolist() == expected


def test_the_largest_and_the_sum():
    words = np.random.default_rng(3).integers(-(1 << 26), 1 << 26, 40).astype(np.int32)
    for index in range(33):
        words_there = words[index : index + lanes.LANES]
        assert reduced(words, index) == (words_there.max(), words_there.sum())
        assert reduced(-np.abs(words), index)[0] == -np.abs(words_there).min()


@pytest.mark.parametrize("count", [1, 16, 1000])
def test_zeros_begin_a_cache_line(count):
    words = lanes.zeros(count)
    assert len(words) == count and words.ctypes.data % 64 == 0 and not words.any() and words.flags.c_contiguous


@pytest.mark.parametrize("seed", range(20))
def test_the_first_that_is_large_enough(seed):
    generator = np.random.default_rng(seed)
    words = generator.integers(-(1 << 31), 1 << 31, 40).astype(np.int32)
    for least in [*words.tolist(), (1 << 31) - 1, -(1 << 31), 0]:
        for index in range(len(words) - lanes.LANES + 1):
            fitting = np.flatnonzero(words[index : index + lanes.LANES] >= least)
            assert first_at_least(words, index, least) == (fitting[0] if len(fitting) else lanes.LANES)


@pytest.mark.parametrize("target, source", [(0, 20), (3, 4), (4, 3), (7, 7), (32, 1)])
def test_copies_may_overlap(target, source):
    words = np.arange(40, dtype=np.int32)
    expected = words.copy()
    expected[target : target + lanes.LANES] = words[source : source + lanes.LANES]
    copy(words, target, source)
    assert (words == expected).all()
