"""Visits and data addresses → misses of a cache in front of external flash that code executes from (XIP).

A set-associative cache of short lines, the least recently used replaced, each filled piece by piece as code or data
uses it. Banks of the cache that serve odd and even lines (RP2350) hold the same lines as one of twice the size; they
and the striped banks of RAM only matter to several masters, and one core runs here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from mcusim.accesses import NO_ADDRESS, NO_REGION, data_address, halfword_base, region_of, region_rows, unfollowed
from mcusim.cache_sets import BITS, ENTRY_WORDS, NO_LINE, empty, touch
from mcusim.fixedpoint import inlined, observing
from mcusim.hardware import Board
from mcusim.memory_parameters import NOTABLE_WAITING, cycles, power_of_two, sets
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
    BLOCK_ADDRESS,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BYTES,
    EDGE_BLOCK,
    LITERAL,
    LOAD,
    Event,
    Observer,
)

PARAMETERS: Mapping[str, str] = {
    "size_bytes": "bytes of the cache, all banks together",
    "ways": "lines of a set",
    "line_bytes": "bytes of a line",
    "fill_bytes": "bytes that are read from flash at once and valid by themselves",
    "miss_cycles": "cycles of the core that such a read takes",
}
DEFAULTS: Mapping[str, float] = {}

FETCH_MISS, DATA_MISS = range(2)

_WAYS, _SET_MASK, _LINE_SHIFT, _FILL_SHIFT, _REGIONS = range(5)  # of parameters
# Of the state: the piece fetched last unless data may have replaced it since, and the sets.
_PIECE, _SETS = range(2)


def observer(board: Board, parameters: Mapping[str, float]) -> Observer | None:
    """The observer. Raises BadInputError for sizes that make no cache."""
    shape = sets(board, parameters)
    fill_bytes = power_of_two(board, parameters, "fill_bytes", 4, 1 << shape.shift)
    miss = cycles(board, parameters, "miss_cycles")
    source = f"memory of {board.file}: its parameters"
    events = (Event("fetch_miss", "fetch", miss, source), Event("data_miss", "flash_data", miss, source))
    roles = {"flash": 0, "qspi": 0}
    table = [shape.ways, shape.mask, shape.shift, fill_bytes.bit_length() - 1, *region_rows(board, roles)]
    state = np.concatenate([np.array([NO_LINE], np.int64), empty(shape.words)])
    return Observer("xip", events, _observe, np.array(table, np.int64), state)


def without_caches(parameters: Mapping[str, float], off: Collection[str]) -> Mapping[str, float]:
    """The parameters where caches ("instruction", "data") are off: of the one for both, what one read gives remains."""
    if "instruction" not in off:
        return parameters
    fill_bytes = parameters["fill_bytes"]
    return {**parameters, "size_bytes": fill_bytes, "ways": 1.0, "line_bytes": fill_bytes}


def place_matters(parameters: Mapping[str, float], waiting: float) -> bool:
    """Whether other link orders may take other cycles; `waiting`: the share of them in which this one waits for code.

    Where code is seen to wait.
    """
    return waiting > NOTABLE_WAITING


def caveats(board: Board) -> tuple[str, ...]:
    """What a figure made with an XIP cache leaves out."""
    return (
        "Every read of external flash takes the same time; words fetched ahead, a second core and DMA are not "
        "simulated.",
        *unfollowed(board, frozenset({"sdram"})),
    )


@observing
def _observe(
    log: Any,
    length: Any,
    blocks: Any,
    instructions: Any,
    edges: Any,
    issue: Any,
    parameters: Any,
    state: Any,
    counts: Any,
) -> None:
    """Follow a piece of the log, as Observer says."""
    at = 0
    while at < length:
        block = edges[log[at], EDGE_BLOCK]
        at += 1
        base = halfword_base(block, blocks)
        in_flash = region_of(blocks[block, BLOCK_ADDRESS], parameters, _REGIONS) != NO_REGION
        first = blocks[block, BLOCK_FIRST]
        for k in range(first, first + blocks[block, BLOCK_COUNT]):
            last = (instructions[k, ADDRESS] + instructions[k, BYTES] - 1) >> parameters[_FILL_SHIFT]
            if in_flash and last != state[_PIECE]:
                counts[block, FETCH_MISS] += _missing(
                    instructions[k, ADDRESS], instructions[k, BYTES], parameters, state
                )
                state[_PIECE] = last
            address = data_address(k, instructions, base, log, at, length)
            if address == NO_ADDRESS:
                continue
            at += instructions[k, LITERAL] < 0
            if instructions[k, ACCESS] == LOAD and region_of(address, parameters, _REGIONS) != NO_REGION:
                counts[block, DATA_MISS] += _missing(address, instructions[k, ACCESS_BYTES], parameters, state)
                state[_PIECE] = NO_LINE
        while at < length and log[at] < 0:
            at += 1


@inlined
def _missing(address: Any, size: Any, parameters: Any, state: Any) -> Any:
    """How many pieces of `size` bytes at an address are not in the cache; afterwards they are."""
    shift = parameters[_FILL_SHIFT]
    in_line = parameters[_LINE_SHIFT] - shift
    missing = 0
    for piece in range(address >> shift, ((address + size - 1) >> shift) + 1):
        line = piece >> in_line
        first = _SETS + (line & parameters[_SET_MASK]) * parameters[_WAYS] * ENTRY_WORDS
        touch(state, first, parameters[_WAYS], line)
        bit = 1 << (piece - (line << in_line))
        missing += state[first + BITS] & bit == 0
        state[first + BITS] |= bit
    return missing
