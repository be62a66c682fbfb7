"""The optimum by CP-SAT: against trying all orders, with a limit, and without the solver."""

import itertools
import sys

import numpy as np
import pytest
from random_requests import random_requests

from mcusim import gaps
from mcusim.allocators import greedy
from mcusim.allocators.optimum import solve
from mcusim.errors import UnsupportedError
from mcusim.runtime import Request

WASTEFUL = [Request(32, 0, 3), Request(48, 4, 11), Request(48, 1, 1), Request(16, 2, 4)]


def least_of_all_orders(buffers):
    """Some order that puts each buffer into its lowest gap gives the optimum: that of an optimum's offsets."""
    orders = itertools.permutations(range(len(buffers)))
    return min(gaps.peak_bytes(buffers, gaps.in_turn(buffers, order, {})) for order in orders)


def test_is_that_of_the_best_order():
    pytest.importorskip("ortools")
    rng = np.random.default_rng(3)
    solved = 0
    while solved < 12:
        buffers = random_requests(rng, 6)
        start = greedy.allocate(buffers)
        if gaps.peak_bytes(buffers, start) > gaps.live_bound_bytes(buffers):
            found = solve(buffers, start)
            assert found.proven and found.peak_bytes == least_of_all_orders(buffers)
            solved += 1


def test_without_time_the_start_and_what_is_proven():
    pytest.importorskip("ortools")
    found = solve(WASTEFUL, greedy.allocate(WASTEFUL), limit_s=0.0)
    assert gaps.overlap(WASTEFUL, found.offsets) is None
    assert 80 <= found.bound_bytes <= found.peak_bytes <= 96


def test_without_the_solver(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools", None)
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(UnsupportedError, match=r"needs OR-Tools: pip install 'ortools>=9\.10,<10'"):
        solve(WASTEFUL, greedy.allocate(WASTEFUL))
    best = (0, 0, 32, 48)
    assert solve(WASTEFUL, best).proven  # no byte more than what is alive: nothing to search


def test_too_many_buffers():
    buffers = WASTEFUL * 76
    with pytest.raises(UnsupportedError, match="up to 300 buffers; these are 304"):
        solve(buffers, tuple(16 * 100 * index for index in range(304)))
