"""The order in which a call meets the ways through code, against that in which they first came."""

import numpy as np
import pytest

from mcusim.first_entries import is_in_order, order_observer

ACCESS = -(1 << 62)
NOTHING = np.zeros((0, 5), np.int64)


@pytest.mark.parametrize(
    "pieces, expected",
    [
        ([[0, 1, 2, 1, 2, 3]], True),
        ([[0, 1], [1, ACCESS, 2], [0]], True),
        ([[0, 1]], True),  # not as far as before
        ([[0, 2]], False),
        ([[0, 1], [3, 2]], False),
        ([[1]], False),
    ],
)
def test_edges_that_come_before_their_turn_are_noticed(pieces, expected):
    observer = order_observer()
    for piece in pieces:
        log = np.array(piece, np.int64)
        tables = (NOTHING, NOTHING, NOTHING, NOTHING[:, 0])
        observer.observe(log, len(log), *tables, observer.parameters, observer.state, NOTHING)
    assert is_in_order(observer) is expected
