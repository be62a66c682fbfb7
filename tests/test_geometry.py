"""Output sizes and paddings against TensorFlow's definition, position by position."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcusim.geometry import slide


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.integers(1, 3))
def test_valid_takes_every_position_inside(size, filter_size, stride, dilation):
    reach = (filter_size - 1) * dilation
    positions = [start for start in range(0, size, stride) if start + reach < size]
    output, before = slide(size, filter_size, stride, dilation, "VALID")
    assert (max(output, 0), before) == (len(positions), 0)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.integers(1, 3))
def test_same_covers_the_input_with_least_padding(size, filter_size, stride, dilation):
    output, before = slide(size, filter_size, stride, dilation, "SAME")
    assert (output - 1) * stride < size <= output * stride
    reach = (filter_size - 1) * dilation + 1
    total = max((output - 1) * stride + reach - size, 0)
    after = total - before
    assert after - before in (0, 1)


@pytest.mark.parametrize(
    "size, filter_size, stride, padding, expected",
    [
        (49, 10, 2, "SAME", (25, 4)),
        (10, 4, 2, "SAME", (5, 1)),
        (96, 3, 2, "SAME", (48, 0)),
        (25, 25, 25, "VALID", (1, 0)),
        (4, 3, 3, "SAME", (2, 1)),
        (5, 1, 2, "SAME", (3, 0)),
        (2, 3, 1, "VALID", (0, 0)),
    ],
)
def test_known_sizes(size, filter_size, stride, padding, expected):
    assert slide(size, filter_size, stride, 1, padding) == expected
