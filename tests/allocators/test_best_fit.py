"""The best-fit planner: its rule in small cases."""

import pytest

from mcusim.allocators.best_fit import allocate
from mcusim.runtime import Request


@pytest.mark.parametrize(
    "requests, offsets",
    [
        # By time, whatever the size; of one moment the largest first.
        ([Request(64, 1, 1), Request(16, 0, 1)], (16, 0)),
        ([Request(16, 0, 0), Request(64, 0, 0)], (64, 0)),
        # What no gap holds goes behind all that live with it.
        ([Request(16, 0, 0), Request(32, 0, 1), Request(48, 1, 1)], (32, 0, 32)),
    ],
)
def test_rule(requests, offsets):
    assert allocate(requests) == offsets


def test_the_smallest_gap_that_holds_it():
    # At moment 1 bytes 0 to 64 and 112 to 144 are free: 16 bytes go to the second gap, 48 to the first.
    before = [Request(64, 0, 0), Request(48, 0, 2), Request(32, 0, 0), Request(16, 0, 2)]
    assert allocate(before) == (0, 64, 112, 144)
    assert allocate([*before, Request(16, 1, 1)])[4] == 112
    assert allocate([*before, Request(48, 1, 1)])[4] == 0
