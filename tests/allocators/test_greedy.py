"""The greedy planner: its rule in small cases, and what must hold for any requests."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.allocators import ALLOCATORS
from mcusim.allocators.greedy import allocate
from mcusim.runtime import Request


@pytest.mark.parametrize(
    "requests, offsets",
    [
        ([], ()),
        # The larger lies below, whatever the order.
        ([Request(16, 0, 1), Request(32, 0, 1)], (32, 0)),
        # Of equal ones the later lies below.
        ([Request(16, 0, 1), Request(16, 0, 1)], (16, 0)),
        # What never lives together may share its place.
        ([Request(16, 0, 1), Request(16, 2, 3)], (0, 0)),
        # A moment in common is enough to be apart.
        ([Request(16, 0, 1), Request(16, 1, 2)], (16, 0)),
        # Below a buffer that was placed over one that is dead by now.
        ([Request(64, 0, 0), Request(48, 0, 2), Request(16, 2, 2)], (0, 64, 0)),
        # A gap that is too small, here 24 bytes, is passed.
        ([Request(64, 0, 0), Request(48, 0, 2), Request(40, 2, 3), Request(32, 2, 2)], (0, 64, 0, 112)),
        # Unused tensors (−1, −1) meet only each other.
        ([Request(16, -1, -1), Request(16, -1, -1), Request(64, 0, 4)], (16, 0, 0)),
    ],
)
def test_rule(requests, offsets):
    assert allocate(requests) == offsets


requests = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 12), st.integers(0, 6)).map(
        lambda drawn: Request(16 * drawn[0], drawn[1], drawn[1] + drawn[2])
    ),
    max_size=24,
)


@settings(max_examples=60, deadline=None)
@given(requests)
def test_no_two_buffers_meet_in_time_and_space(buffers):
    placed = list(zip(allocate(buffers), buffers, strict=True))
    for index, (offset, one) in enumerate(placed):
        assert offset >= 0
        for other_offset, other in placed[:index]:
            apart_in_time = one.last < other.first or other.last < one.first
            apart_in_space = offset + one.bytes <= other_offset or other_offset + other.bytes <= offset
            assert apart_in_time or apart_in_space


@settings(max_examples=60, deadline=None)
@given(requests)
def test_head_lies_between_the_bounds(buffers):
    head = max((offset + one.bytes for offset, one in zip(allocate(buffers), buffers, strict=True)), default=0)
    live = [sum(one.bytes for one in buffers if one.first <= moment <= one.last) for moment in range(20)]
    assert max(live) <= head <= sum(one.bytes for one in buffers)


@settings(max_examples=60, deadline=None)
@given(requests)
def test_every_buffer_rests_on_the_bottom_or_on_another(buffers):
    offsets = allocate(buffers)
    ends = {0} | {offset + one.bytes for offset, one in zip(offsets, buffers, strict=True)}
    assert set(offsets) <= ends


def test_known_by_name():
    assert ALLOCATORS["greedy"] is allocate
