"""What must hold for every allocator and any buffers: no two meet, none beats the bound, the optimum is the best."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_requests import random_requests

from mcusim import gaps
from mcusim.allocators import ALLOCATORS, hill_climb, optimum
from mcusim.runtime import Request

requests = st.lists(
    st.builds(
        lambda size, first, life: Request(16 * size, first, first + life),
        st.integers(1, 40),
        st.integers(0, 12),
        st.integers(0, 6),
    ),
    max_size=20,
)


def lie_apart(buffers, offsets):
    """Bytes counted moment by moment, which shares nothing with gaps.overlap."""
    top = max((at + one.bytes for at, one in zip(offsets, buffers, strict=True)), default=0)
    for moment in {one.first for one in buffers}:
        taken = np.zeros(top // 16 + 1, np.int64)
        for one, at in zip(buffers, offsets, strict=True):
            assert at >= 0 and at % 16 == 0
            if one.first <= moment <= one.last:
                taken[at // 16 : (at + one.bytes) // 16] += 1
        if taken.max(initial=0) > 1:
            return False
    return True


def bound_by_moments(buffers):
    moments = {one.first for one in buffers}
    return max((sum(one.bytes for one in buffers if one.first <= at <= one.last) for at in moments), default=0)


@pytest.mark.parametrize("name", [name for name in ALLOCATORS if name != "optimum"])
@settings(max_examples=60, deadline=None)
@given(requests)
def test_no_two_buffers_meet_and_none_beats_the_bound(name, buffers):
    offsets = ALLOCATORS[name](buffers)
    assert lie_apart(buffers, offsets)
    assert gaps.overlap(buffers, offsets) is None
    assert bound_by_moments(buffers) == gaps.live_bound_bytes(buffers) <= gaps.peak_bytes(buffers, offsets)


@settings(max_examples=25, deadline=None)
@given(requests)
def test_the_optimum_is_the_best(buffers):
    pytest.importorskip("ortools")
    peaks = {name: gaps.peak_bytes(buffers, allocate(buffers)) for name, allocate in ALLOCATORS.items()}
    assert peaks["optimum"] == min(peaks.values())
    assert lie_apart(buffers, optimum.allocate(buffers))


@pytest.mark.parametrize("name", ALLOCATORS)
def test_nothing_is_placed_nowhere(name):
    assert ALLOCATORS[name]([]) == ()


def test_overlaps_are_found():
    both = [Request(32, 0, 1), Request(32, 1, 2)]
    assert not lie_apart(both, (0, 16))
    assert gaps.overlap(both, (0, 16)) == (0, 1)
    assert gaps.overlap(both, (0, 32)) is None
    assert gaps.overlap([Request(32, 0, 1), Request(32, 2, 2)], (0, 16)) is None


@pytest.mark.parametrize(
    "graphs, most_solved",
    [
        pytest.param(5_000, 100, marks=pytest.mark.slow, id="five thousand"),
        pytest.param(100_000, 1_000, marks=pytest.mark.exhaustive, id="a hundred thousand"),
    ],
)
def test_planners_agree_on_random_graphs(graphs, most_solved):
    pytest.importorskip("ortools")
    rng = np.random.default_rng(5)
    solved = 0  # of those that the greedy planner does not solve; each takes a hundred times as long as the rest
    for _ in range(graphs):
        buffers = random_requests(rng)
        bound = gaps.live_bound_bytes(buffers)
        plans = {name: ALLOCATORS[name](buffers) for name in ("greedy", "linear", "offline", "best_fit")}
        plans["hill_climb"] = hill_climb.search(buffers, 500, 1)
        peaks = {name: gaps.peak_bytes(buffers, offsets) for name, offsets in plans.items()}
        if peaks["greedy"] > bound and solved < most_solved:
            solved += 1
            solution = optimum.solve(buffers, plans["greedy"])
            plans["optimum"] = solution.offsets
            assert solution.proven and solution.peak_bytes == gaps.peak_bytes(buffers, solution.offsets)
            assert bound <= solution.peak_bytes <= min(peaks.values())
        assert all(gaps.overlap(buffers, offsets) is None for offsets in plans.values())
        assert bound <= peaks["hill_climb"] <= peaks["greedy"] == peaks["offline"] <= peaks["linear"]
        assert bound <= peaks["best_fit"] <= peaks["linear"]
    assert solved == most_solved
