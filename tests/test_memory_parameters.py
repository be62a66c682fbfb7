"""Bounds of parameters, shapes of caches, and wait states."""

import math

import pytest
from synthetic_log import board

from mcusim import memory_parameters
from mcusim.cache_sets import Sets
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.memory_parameters import NOT_GIVEN, cycles, power_of_two, sets, wait_states, whole

BOARD = board(5)


@pytest.mark.parametrize(
    "size, ways, line, expected",
    [
        (2048, 2, 16, Sets(2, 63, 4)),
        (8192, 4, 32, Sets(4, 63, 5)),
        (64, 8, 8, Sets(8, 0, 3)),
        (96, 3, 32, Sets(3, 0, 5)),
    ],
)
def test_sets(size, ways, line, expected):
    found = sets(BOARD, {"size_bytes": size, "ways": ways, "line_bytes": line})
    assert found == expected
    assert found.words == 2 * size // line


@pytest.mark.parametrize("size, ways, line", [(2048, 3, 16), (100, 2, 16), (16, 2, 16), (2048, 2, 24), (96, 1, 32)])
def test_sizes_that_make_no_cache(size, ways, line):
    with pytest.raises(BadInputError, match=r"boards/.*: memory.parameters.data_size_bytes|power of two"):
        sets(BOARD, {"data_size_bytes": size, "data_ways": ways, "line_bytes": line}, "data_")


@pytest.mark.parametrize(
    "check", [cycles, lambda *given: whole(*given, 0, 8), lambda *given: power_of_two(*given, 1, 8)]
)
@pytest.mark.parametrize("value", [-1, 1001, math.nan, math.inf])
def test_out_of_bounds(check, value):
    with pytest.raises(BadInputError, match=r"memory.parameters.x: expected"):
        check(BOARD, {"x": value}, "x")


def test_wait_states_of_the_board_come_first():
    assert wait_states(BOARD, {"wait_states": 3}) == 5
    assert wait_states(board(None), {"wait_states": 3}) == 3
    for given in (None, {"wait_states": NOT_GIVEN}):
        with pytest.raises(UnsupportedError, match="the wait states of flash are not known"):
            wait_states(board(None), given)


def test_largest_cache_is_bounded():
    with pytest.raises(BadInputError, match="1,048,576"):
        sets(BOARD, {"size_bytes": 2 * memory_parameters.LARGEST_CACHE_BYTES, "ways": 2, "line_bytes": 16})
