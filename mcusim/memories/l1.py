"""Visits and data addresses → lines that the Cortex-M7's two level-one caches miss, by what memory they are read from.

Instructions and data have a set-associative cache each; the data cache is written back and allocates on a write. The
least recently used line is replaced. Tightly coupled memories (ITCM, DTCM) never wait. A single load that is not
aligned costs on top, wherever it reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mcusim.accesses import NO_ADDRESS, NO_REGION, data_address, halfword_base, region_of, region_rows
from mcusim.cache_sets import ENTRY_WORDS, empty, touch
from mcusim.errors import UnsupportedError
from mcusim.fixedpoint import inlined, observing
from mcusim.hardware import Board
from mcusim.memory_parameters import MOST_CYCLES, NOT_GIVEN, cycles, number, sets, wait_states
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
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
    "instruction_size_bytes": "bytes of the instruction cache",
    "instruction_ways": "lines of a set of the instruction cache",
    "data_size_bytes": "bytes of the data cache",
    "data_ways": "lines of a set of the data cache",
    "line_bytes": "bytes of a line of either cache",
    "flash_line_beyond_wait_states": "cycles of a missed line of flash beyond the wait states",
    "sram_line_cycles": "cycles of a missed line of SRAM, read or written",
    "qspi_line_cycles": "cycles of a missed line of external flash, where the board has some",
    "sdram_line_cycles": "cycles of a missed line of external RAM, where the board has some",
    "unaligned_load_cycles": "cycles of a load that is not aligned to its size, beyond an aligned one",
    "wait_states": "wait states of flash where flash.wait_states is not known",
}
DEFAULTS: Mapping[str, float] = {
    "flash_line_beyond_wait_states": NOT_GIVEN,
    "sram_line_cycles": NOT_GIVEN,
    "qspi_line_cycles": NOT_GIVEN,
    "sdram_line_cycles": NOT_GIVEN,
    "wait_states": NOT_GIVEN,
}

# Classes of regions whose lines are cached, and events: of instructions in this order, then of data.
CACHED_ROLES = ("flash", "sram", "qspi", "sdram")
_DATA_CAUSES = {"flash": "flash_data", "qspi": "flash_data", "sram": "cache", "sdram": "cache"}
DATA_LINE = len(CACHED_ROLES)
UNALIGNED_LOAD = 2 * len(CACHED_ROLES)

# Of parameters; the instruction cache's come first, then the data cache's.
_WAYS, _SET_MASK, _FIRST = range(3)
_SHAPE_WORDS = 3
_LINE_SHIFT = 2 * _SHAPE_WORDS
_REGIONS = _LINE_SHIFT + 1


def observer(board: Board, parameters: Mapping[str, float]) -> Observer | None:
    """The observer.

    Raises UnsupportedError for a region of the board whose lines have no known cost, BadInputError for sizes that
    make no cache.
    """
    instruction, data = (sets(board, parameters, prefix) for prefix in ("instruction_", "data_"))
    present = {region.place for region in board.regions}
    costs = {role: _line_cycles(board, parameters, role) if role in present else 0.0 for role in CACHED_ROLES}
    unaligned = cycles(board, parameters, "unaligned_load_cycles")
    source = f"memory of {board.file}: its parameters"
    events = (
        *(Event(f"fetch_line_{role}", "fetch", costs[role], source) for role in CACHED_ROLES),
        *(Event(f"data_line_{role}", _DATA_CAUSES[role], costs[role], source) for role in CACHED_ROLES),
        Event("unaligned_load", "load_store", unaligned, source),
    )
    roles = {role: number for number, role in enumerate(CACHED_ROLES)}
    table = [instruction.ways, instruction.mask, 0, data.ways, data.mask, instruction.words]
    shape = np.array([*table, instruction.shift, *region_rows(board, roles)], np.int64)
    return Observer("l1", events, _observe, shape, empty(instruction.words + data.words))


def place_matters(parameters: Mapping[str, float], waiting: float) -> bool:
    """Whether other link orders may take other cycles; `waiting`: the share of them in which this one waits for code.

    Always: the core itself fetches aligned blocks of 8 bytes.
    """
    return True


def caveats(board: Board) -> tuple[str, ...]:
    """What a figure made with the level-one caches leaves out."""
    return (
        "The caches replace the least recently used line where Cortex-M7's choose at random; lines written back, "
        "fills that wait for each other and the store buffer are not simulated: dense streams take longer.",
    )


def _line_cycles(board: Board, parameters: Mapping[str, float], role: str) -> float:
    """Cycles of a missed line of a role that the board has."""
    name = "flash_line_beyond_wait_states" if role == "flash" else f"{role}_line_cycles"
    if math.isnan(parameters[name]):
        raise UnsupportedError(f"{board.file}: what a line of its {role} costs is not known; give {name}")
    if role != "flash":
        return cycles(board, parameters, name)
    return max(0, wait_states(board, parameters) + number(board, parameters, name, -MOST_CYCLES, MOST_CYCLES))


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
    fetched = -1
    while at < length:
        block = edges[log[at], EDGE_BLOCK]
        at += 1
        base = halfword_base(block, blocks)
        first = blocks[block, BLOCK_FIRST]
        for k in range(first, first + blocks[block, BLOCK_COUNT]):
            last = (instructions[k, ADDRESS] + instructions[k, BYTES] - 1) >> parameters[_LINE_SHIFT]
            if last != fetched:
                _look_up(instructions[k, ADDRESS], instructions[k, BYTES], block, 0, parameters, state, counts)
                fetched = last
            address = data_address(k, instructions, base, log, at, length)
            if address == NO_ADDRESS:
                continue
            at += instructions[k, LITERAL] < 0
            size = instructions[k, ACCESS_BYTES]
            _look_up(address, size, block, DATA_LINE, parameters, state, counts)
            if instructions[k, ACCESS] == LOAD and instructions[k, REGISTERS] == 1 and address & (size - 1):
                counts[block, UNALIGNED_LOAD] += 1
        while at < length and log[at] < 0:
            at += 1


@inlined
def _look_up(address: Any, size: Any, block: Any, events: Any, parameters: Any, state: Any, counts: Any) -> None:
    """Look up lines in the cache of instructions or of data; its misses count from the column `events`."""
    region = region_of(address, parameters, _REGIONS)
    if region != NO_REGION:
        shape = _SHAPE_WORDS if events else 0
        ways = parameters[shape + _WAYS]
        shift = parameters[_LINE_SHIFT]
        for line in range(address >> shift, ((address + size - 1) >> shift) + 1):
            first = parameters[shape + _FIRST] + (line & parameters[shape + _SET_MASK]) * ways * ENTRY_WORDS
            if not touch(state, first, ways, line):
                counts[block, events + parameters[region + 2]] += 1
