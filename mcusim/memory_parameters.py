"""Parameters of a board's memory system → numbers within their bounds, shapes of caches, and wait states."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mcusim.cache_sets import Sets
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import Board

NOT_GIVEN = math.nan  # the value of a parameter that a board need not give
LARGEST_CACHE_BYTES = 1 << 20
MOST_WAYS = 1024
MOST_CYCLES = 1000
NOTABLE_WAITING = 0.001  # share of the cycles spent waiting for code below which its place hardly matters


def number(board: Board, parameters: Mapping[str, float], name: str, low: float, high: float) -> float:
    """A parameter; BadInputError unless it is a number from `low` to `high`."""
    value = parameters[name]
    if not low <= value <= high:
        raise _refusal(board, name, f"expected {low:,} to {high:,}, found {value:,}")
    return value


def cycles(board: Board, parameters: Mapping[str, float], name: str) -> float:
    """A parameter that is a time; BadInputError unless it is from 0 to 1,000 cycles."""
    return number(board, parameters, name, 0, MOST_CYCLES)


def whole(board: Board, parameters: Mapping[str, float], name: str, low: int, high: int) -> int:
    """A parameter that counts something; BadInputError unless it is a whole number from `low` to `high`."""
    value = number(board, parameters, name, low, high)
    if value != int(value):
        raise _refusal(board, name, f"expected a whole number, found {value:,}")
    return int(value)


def power_of_two(board: Board, parameters: Mapping[str, float], name: str, low: int, high: int) -> int:
    """A parameter that is a size in bits of an address; BadInputError unless it is a power of two within bounds."""
    value = whole(board, parameters, name, low, high)
    if value & (value - 1):
        raise _refusal(board, name, f"expected a power of two, found {value:,}")
    return value


def sets(board: Board, parameters: Mapping[str, float], prefix: str = "") -> Sets:
    """The sets of a cache of `size_bytes`, `ways` and `line_bytes`; `prefix` distinguishes the first two.

    Raises BadInputError for sizes that make no power of two of sets.
    """
    size = whole(board, parameters, f"{prefix}size_bytes", 1, LARGEST_CACHE_BYTES)
    ways = whole(board, parameters, f"{prefix}ways", 1, MOST_WAYS)
    line_bytes = power_of_two(board, parameters, "line_bytes", 4, 256)
    count, rest = divmod(size, ways * line_bytes)
    if rest or count < 1 or count & (count - 1):
        expected = f"expected {ways} ways of a power of two of lines of {line_bytes} bytes"
        raise _refusal(board, f"{prefix}size_bytes", f"{expected}, found {size:,}")
    return Sets(ways, count - 1, line_bytes.bit_length() - 1)


def wait_states(board: Board, parameters: Mapping[str, float] | None = None) -> int:
    """Wait states of flash at the board's clock; where its file does not know them, the parameter `wait_states`.

    Raises UnsupportedError where neither tells.
    """
    known = board.flash_timing.wait_states
    if known is not None:
        return known
    if parameters is None or math.isnan(parameters["wait_states"]):
        where = "flash.wait_states" if parameters is None else "flash.wait_states or memory.parameters.wait_states"
        raise UnsupportedError(f"{board.file}: the wait states of flash are not known; give {where}")
    return whole(board, parameters, "wait_states", 0, 255)


def _refusal(board: Board, name: str, why: str) -> BadInputError:
    return BadInputError(f"{board.file}: memory.parameters.{name}: {why}")
