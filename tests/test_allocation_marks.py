"""Two bits a place: every state of it, neighbours untouched."""

import numba
import numpy as np
import pytest

from mcusim import allocation_marks
from mcusim.heap import ALREADY_FREE, FREED, NEVER_ALLOCATED


@numba.njit
def note_allocated(state, place):
    allocation_marks.note_allocated(state, 1, place)


@numba.njit
def note_back(state, place):
    return allocation_marks.note_back(state, 1, place)


@numba.njit
def is_allocated(state, place):
    return allocation_marks.is_allocated(state, 1, place)


@pytest.mark.parametrize("place", [0, 1, 15, 16, 31])
def test_a_place_is_handed_out_and_comes_back(place):
    state = np.zeros(1 + allocation_marks.words(32), np.int32)
    assert note_back(state, place) == NEVER_ALLOCATED
    for other in set(range(32)) - {place}:
        note_allocated(state, other)
    for _ in range(2):
        assert not is_allocated(state, place)
        note_allocated(state, place)
        assert is_allocated(state, place)
        assert note_back(state, place) == FREED
        assert note_back(state, place) == ALREADY_FREE
    assert all(is_allocated(state, other) for other in set(range(32)) - {place}) and state[0] == 0
