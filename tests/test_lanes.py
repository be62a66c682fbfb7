"""Sixteen words at a time, against one at a time."""

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


@pytest.mark.parametrize("seed", range(20))
def test_the_first_that_is_large_enough(seed):
    generator = np.random.default_rng(seed)
    words = generator.integers(-(1 << 31), 1 << 31, 40).astype(np.int32)
    for least in [*words.tolist(), (1 << 31) - 1, -(1 << 31), 0]:
        for index in range(len(words) - lanes.LANES + 1):
            fitting = np.flatnonzero(words[index : index + lanes.LANES] >= least)
            assert first_at_least(words, index, least) == (fitting[0] if len(fitting) else lanes.LANES)


@pytest.mark.parametrize("target, source", [(0, 20), (3, 4), (4, 3), (7, 7), (24, 1)])
def test_copies_may_overlap(target, source):
    words = np.arange(40, dtype=np.int32)
    expected = words.copy()
    expected[target : target + lanes.LANES] = words[source : source + lanes.LANES]
    copy(words, target, source)
    assert (words == expected).all()
