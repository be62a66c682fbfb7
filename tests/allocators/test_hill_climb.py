"""The search over orders: it finds what the greedy planner misses, and the same in every run."""

from mcusim import gaps
from mcusim.allocators import greedy
from mcusim.allocators.hill_climb import SEED, STEPS, allocate, search
from mcusim.runtime import Request

# By size, 48 + 32 lie below what then finds no place for its 16: 96 bytes. With 32 at the bottom 80 do.
WASTEFUL = [Request(32, 0, 3), Request(48, 4, 11), Request(48, 1, 1), Request(16, 2, 4)]


def test_the_largest_first_is_not_always_the_best():
    assert gaps.peak_bytes(WASTEFUL, greedy.allocate(WASTEFUL)) == 96
    assert gaps.peak_bytes(WASTEFUL, allocate(WASTEFUL)) == gaps.live_bound_bytes(WASTEFUL) == 80


def test_same_requests_same_plan():
    assert allocate(WASTEFUL) == allocate(list(WASTEFUL)) == search(WASTEFUL, STEPS, SEED)


def test_no_step_is_the_greedy_plan():
    assert search(WASTEFUL, 0, SEED) == greedy.allocate(WASTEFUL)
