"""Visits and data addresses → misses of one set-associative cache in front of flash, for instructions or for all.

The least recently used line of a set is replaced, and a miss fills a whole line. Where data does not go through the
cache, each word of it read from flash waits; where fetches and data share the code bus, a word of data read there
costs on top, hit or miss.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from mcusim.accesses import (
    NO_ADDRESS,
    NO_REGION,
    SYSTEM_BUS,
    data_address,
    halfword_base,
    region_of,
    region_rows,
    unfollowed,
)
from mcusim.cache_sets import ENTRY_WORDS, NO_LINE, empty, touch
from mcusim.fixedpoint import inlined, observing
from mcusim.hardware import Board
from mcusim.memory_parameters import MOST_CYCLES, NOT_GIVEN, NOTABLE_WAITING, cycles, number, sets, wait_states, whole
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
    REGISTERS,
    Event,
    Observer,
)

PARAMETERS: Mapping[str, str] = {
    "size_bytes": "bytes of the cache",
    "ways": "lines of a set",
    "line_bytes": "bytes of a line",
    "caches_data": "1 where data in flash is read through the cache too, 0 where it serves instructions only",
    "miss_beyond_wait_states": "cycles of a missed line beyond the wait states; less than none if fetching ahead hides "
    "some",
    "sequential_miss_cycles": "cycles of a missed line of code that follows the line fetched before; as any other "
    "where not given",
    "data_read_per_wait_state": "cycles of every word of data read from flash past the cache, for each wait state",
    "shared_bus_cycles": "cycles of every word of data read below 0x20000000, where fetches and data share the bus",
    "wait_states": "wait states of flash where flash.wait_states is not known",
}
DEFAULTS: Mapping[str, float] = {
    "miss_beyond_wait_states": 0,
    "sequential_miss_cycles": NOT_GIVEN,
    "data_read_per_wait_state": 1,
    "shared_bus_cycles": 0,
    "wait_states": NOT_GIVEN,
}

FETCH_MISS, SEQUENTIAL_MISS, DATA_MISS, DATA_READ, SHARED_BUS = range(5)

_WAYS, _SET_MASK, _LINE_SHIFT, _CACHES_DATA, _REGIONS = range(5)  # of parameters
# Of the state: the line fetched last, the same unless data may have replaced it since, and the sets.
_FETCHED, _LINE, _SETS = range(3)


def observer(board: Board, parameters: Mapping[str, float]) -> Observer | None:
    """The observer.

    Raises UnsupportedError where wait states are not known, BadInputError for sizes that make no cache.
    """
    shape = sets(board, parameters)
    caches_data = whole(board, parameters, "caches_data", 0, 1)
    waits = wait_states(board, parameters)
    beyond = number(board, parameters, "miss_beyond_wait_states", -MOST_CYCLES, MOST_CYCLES)
    miss = max(0, waits + beyond) if waits else 0
    sequential = miss
    if not math.isnan(parameters["sequential_miss_cycles"]):
        sequential = min(miss, cycles(board, parameters, "sequential_miss_cycles"))
    data_read = waits * number(board, parameters, "data_read_per_wait_state", 0, 16)
    shared = cycles(board, parameters, "shared_bus_cycles")
    source = f"memory of {board.file}: its parameters at {waits} wait states"
    events = (
        Event("fetch_miss", "fetch", miss, source),
        Event("sequential_fetch_miss", "fetch", sequential, source),
        Event("data_miss", "flash_data", miss, source),
        Event("data_read", "flash_data", data_read, source),
        Event("shared_bus", "flash_data", shared, source),
    )
    table = [shape.ways, shape.mask, shape.shift, caches_data, *region_rows(board, {"flash": 0})]
    state = np.concatenate([np.array([-2, NO_LINE], np.int64), empty(shape.words)])
    return Observer("cache", events, _observe, np.array(table, np.int64), state)


def without_caches(parameters: Mapping[str, float], off: Collection[str]) -> Mapping[str, float]:
    """The parameters where caches ("instruction", "data") are off.

    Data is read past the cache. Without the instruction cache the line in use remains, as what one read of flash
    gives, and every other line costs the wait states: an assumption, for no vendor says more.
    """
    if "instruction" not in off:
        return {**parameters, "caches_data": 0} if off else parameters
    line = {"size_bytes": parameters["line_bytes"], "ways": 1.0, "caches_data": 0.0}
    return {**parameters, **line, "miss_beyond_wait_states": 0.0, "sequential_miss_cycles": NOT_GIVEN}


def place_matters(parameters: Mapping[str, float], waiting: float) -> bool:
    """Whether other link orders may take other cycles; `waiting`: the share of them in which this one waits for code.

    Where code is seen to wait.
    """
    return waiting > NOTABLE_WAITING


def caveats(board: Board) -> tuple[str, ...]:
    """What a figure made with a single cache leaves out."""
    return (
        "Each miss of the cache costs the same; how a fetch queue hides part of it, and fetches and data that wait "
        "for each other at the flash, are not simulated.",
        *unfollowed(board, frozenset({"qspi", "sdram"})),
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
            if in_flash:
                _fetch(k, block, instructions, parameters, state, counts)
            address = data_address(k, instructions, base, log, at, length)
            if address == NO_ADDRESS:
                continue
            at += instructions[k, LITERAL] < 0
            if instructions[k, ACCESS] == LOAD:
                if address < SYSTEM_BUS:
                    counts[block, SHARED_BUS] += instructions[k, REGISTERS]
                if region_of(address, parameters, _REGIONS) != NO_REGION:
                    _load(address, k, block, instructions, parameters, state, counts)
        while at < length and log[at] < 0:
            at += 1


@inlined
def _fetch(k: Any, block: Any, instructions: Any, parameters: Any, state: Any, counts: Any) -> None:
    """Look up the lines of an instruction, but the one that is in use anyway."""
    shift = parameters[_LINE_SHIFT]
    address = instructions[k, ADDRESS]
    for line in range(address >> shift, ((address + instructions[k, BYTES] - 1) >> shift) + 1):
        if line != state[_LINE]:
            if not _touch(line, parameters, state):
                counts[block, SEQUENTIAL_MISS if line == state[_FETCHED] + 1 else FETCH_MISS] += 1
            state[_LINE] = line
            state[_FETCHED] = line


@inlined
def _load(address: Any, k: Any, block: Any, instructions: Any, parameters: Any, state: Any, counts: Any) -> None:
    """Read data from flash, through the cache or past it."""
    if parameters[_CACHES_DATA]:
        shift = parameters[_LINE_SHIFT]
        for line in range(address >> shift, ((address + instructions[k, ACCESS_BYTES] - 1) >> shift) + 1):
            counts[block, DATA_MISS] += not _touch(line, parameters, state)
        state[_LINE] = NO_LINE
    else:
        counts[block, DATA_READ] += instructions[k, REGISTERS]


@inlined
def _touch(line: Any, parameters: Any, state: Any) -> Any:
    first = _SETS + (line & parameters[_SET_MASK]) * parameters[_WAYS] * ENTRY_WORDS
    return touch(state, first, parameters[_WAYS], line)
