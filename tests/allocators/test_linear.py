"""The linear planner: one behind the other."""

import pytest

from mcusim.allocators.linear import MOST_BUFFERS, allocate
from mcusim.errors import UnsupportedError
from mcusim.runtime import Request


def test_no_byte_is_used_twice():
    assert allocate([Request(16, 0, 0), Request(32, 5, 6), Request(48, 9, 9)]) == (0, 16, 48)


def test_has_room_for_so_many_buffers():
    buffers = [Request(16, 0, 0)] * MOST_BUFFERS
    assert allocate(buffers)[-1] == 16 * (MOST_BUFFERS - 1)
    with pytest.raises(UnsupportedError, match=r"room for 1,024 buffers; these are 1,025"):
        allocate([*buffers, buffers[0]])
