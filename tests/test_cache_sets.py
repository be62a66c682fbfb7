"""Sets of lines against a plain model of least recently used replacement."""

from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.cache_sets import BITS, LINE, Sets, empty, touch
from mcusim.fixedpoint import observing

FIRST = 4  # where the sets begin in the array


@observing
def touch_all(state, ways, mask, lines, hits):
    """Touch lines one after the other; each gets the number of its touch as bits if it was not there."""
    for k in range(len(lines)):
        first = FIRST + (lines[k] & mask) * ways * 2
        hits[k] = touch(state, first, ways, lines[k])
        if not hits[k]:
            state[first + 1] = k + 1


def touched(sets, lines):
    state = np.concatenate([np.full(FIRST, 7), empty(sets.words), np.full(FIRST, 7)])
    hits = np.zeros(len(lines), np.int64)
    touch_all(state, sets.ways, sets.mask, np.array(lines, np.int64), hits)
    assert (state[:FIRST] == 7).all() and (state[-FIRST:] == 7).all()
    return hits.astype(bool).tolist(), state[FIRST:-FIRST].reshape(sets.mask + 1, sets.ways, 2)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from((1, 2, 3, 4, 8)), st.sampled_from((1, 2, 8)), st.data())
def test_least_recently_used_is_replaced(ways, count, data):
    lines = data.draw(st.lists(st.integers(0, 3 * ways * count), min_size=1, max_size=200))
    hits, table = touched(Sets(ways, count - 1, 5), lines)
    plain = [OrderedDict() for _ in range(count)]
    for k, (line, hit) in enumerate(zip(lines, hits, strict=True)):
        there = plain[line % count]
        assert hit == (line in there)
        there[line] = there.pop(line, k + 1)
        if len(there) > ways:
            there.popitem(last=False)
    for rows, there in zip(table, plain, strict=True):
        known = [(int(row[LINE]), int(row[BITS])) for row in rows if row[LINE] >= 0]
        assert known == list(there.items())[::-1]


@pytest.mark.parametrize("ways", [1, 2, 32])
def test_one_line_more_than_ways_never_hits(ways):
    hits, _ = touched(Sets(ways, 0, 5), [*range(ways + 1)] * 3)
    assert not any(hits)
    hits, _ = touched(Sets(ways, 0, 5), [*range(ways)] * 3)
    assert hits == [False] * ways + [True] * 2 * ways
