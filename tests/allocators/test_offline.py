"""The greedy planner around fixed offsets: its rule in small cases."""

import pytest

from mcusim.allocators.offline import allocate
from mcusim.runtime import Request


@pytest.mark.parametrize(
    "requests, offsets",
    [
        # Fixed ones stay, whatever their size, and others go below, between or behind them.
        ([Request(16, 0, 1, 64), Request(32, 0, 1), Request(48, 0, 1)], (64, 80, 0)),
        ([Request(16, 0, 1, 64), Request(64, 0, 1)], (64, 0)),
        # A fixed buffer that is dead by then leaves its place.
        ([Request(16, 0, 0, 0), Request(32, 1, 1)], (0, 0)),
        # Overlapping fixed buffers are left so, and the rest goes behind the higher end.
        ([Request(64, 0, 1, 0), Request(16, 0, 1, 16), Request(32, 0, 1)], (0, 16, 64)),
        # Without fixed ones it is the greedy plan: of equal ones the later lies below.
        ([Request(16, 0, 1), Request(16, 0, 1)], (16, 0)),
    ],
)
def test_rule(requests, offsets):
    assert allocate(requests) == offsets
