"""Visits and data addresses → lines that the Cortex-M7's two level-one caches miss, by what memory they are read from.

Instructions and data have a set-associative cache each; the data cache is written back and allocates on a write. The
least recently used line is replaced. Filling a line may keep the bus busy for longer than the access that missed it
waits: one that misses before then waits for the rest; floating-point loads may wait longer for a line of flash.
Tightly coupled memories (ITCM, DTCM) never wait. A single load that is not aligned costs on top, wherever it reads.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from mcusim.accesses import NO_ADDRESS, NO_REGION, data_address, halfword_base, region_of, region_rows
from mcusim.cache_sets import ENTRY_WORDS, Sets, empty, touch
from mcusim.errors import UnsupportedError
from mcusim.fixedpoint import inlined, observing
from mcusim.hardware import Board
from mcusim.memory_parameters import MOST_CYCLES, NOT_GIVEN, cycles, number, sets, wait_states, whole
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BYTES,
    EDGE_BLOCK,
    EDGE_ISSUE,
    EDGE_REFILL,
    FLAGS,
    FLOAT,
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
    "instruction_cache": "1 where the instruction cache is on, 0 where each transfer of the bus costs as a line",
    "data_cache": "1 where the data cache is on, 0 likewise",
    "flash_line_beyond_wait_states": "cycles of a missed line of flash beyond the wait states",
    "flash_float_line_beyond_wait_states": "the same of a line that a floating-point load missed; no other where not "
    "given",
    "sram_line_cycles": "cycles of a missed line of SRAM, read or written",
    "sram_busy_cycles": "cycles from the start of filling a line of SRAM until another can be filled; those of the "
    "miss where not given",
    "qspi_line_cycles": "cycles of a missed line of external flash, where the board has some",
    "sdram_line_cycles": "cycles of a missed line of external RAM, where the board has some",
    "unaligned_load_cycles": "cycles of a load that is not aligned to its size, beyond an aligned one",
    "wait_states": "wait states of flash where flash.wait_states is not known",
}
DEFAULTS: Mapping[str, float] = {
    "instruction_cache": 1,
    "data_cache": 1,
    "flash_line_beyond_wait_states": NOT_GIVEN,
    "flash_float_line_beyond_wait_states": NOT_GIVEN,
    "sram_line_cycles": NOT_GIVEN,
    "sram_busy_cycles": NOT_GIVEN,
    "qspi_line_cycles": NOT_GIVEN,
    "sdram_line_cycles": NOT_GIVEN,
    "wait_states": NOT_GIVEN,
}

# Classes of regions whose lines are cached, and events: of instructions in this order, then of data.
CACHED_ROLES = ("flash", "sram", "qspi", "sdram")
_DATA_CAUSES = {"flash": "flash_data", "qspi": "flash_data", "sram": "cache", "sdram": "cache"}
DATA_LINE = len(CACHED_ROLES)
UNALIGNED_LOAD = 2 * len(CACHED_ROLES)
# In the same order, what missed lines waited beyond that, in ticks: for a line before them, or for floats.
FURTHER = UNALIGNED_LOAD + 1
TICKS = 1000  # of a cycle

# Without a cache: what the bus transfers at once (Cortex-M7 TRM, AXIM interface: 64 bits), until another is needed.
_TRANSFER = Sets(1, 0, 3)

# Of parameters; the instruction cache's come first, then the data cache's; then ticks, MISS and BUSY of each role.
_WAYS, _SET_MASK, _FIRST, _LINE_SHIFT = range(4)
_SHAPE_WORDS = 4
_UNALIGNED = 2 * _SHAPE_WORDS
_FLOATS = _UNALIGNED + 1
_MISS = _FLOATS + 1
_BUSY = _MISS + len(CACHED_ROLES)
_REGIONS = _BUSY + len(CACHED_ROLES)
# Of the state: when the next instruction issues and the bus is free again, in ticks, and the sets.
_NOW, _FREE, _SETS = range(3)


def observer(board: Board, parameters: Mapping[str, float]) -> Observer | None:
    """The observer.

    Raises UnsupportedError for a region of the board whose lines have no known cost, BadInputError for sizes that
    make no cache.
    """
    instruction, data = (_shape(board, parameters, name) for name in ("instruction", "data"))
    present = {region.place for region in board.regions}
    costs = {role: _line_cycles(board, parameters, role) if role in present else 0.0 for role in CACHED_ROLES}
    busy = costs | {"sram": max(costs["sram"], _sram_busy_cycles(board, parameters))}
    floats = _float_cycles(board, parameters) - costs["flash"]
    unaligned = cycles(board, parameters, "unaligned_load_cycles")
    source = f"memory of {board.file}: its parameters"
    events = (
        *(Event(f"fetch_line_{role}", "fetch", costs[role], source) for role in CACHED_ROLES),
        *(Event(f"data_line_{role}", _DATA_CAUSES[role], costs[role], source) for role in CACHED_ROLES),
        Event("unaligned_load", "load_store", unaligned, source),
        *(Event(f"fetch_further_{role}", "fetch", 1 / TICKS, source) for role in CACHED_ROLES),
        *(Event(f"data_further_{role}", _DATA_CAUSES[role], 1 / TICKS, source) for role in CACHED_ROLES),
    )
    roles = {role: number for number, role in enumerate(CACHED_ROLES)}
    shapes = [instruction.ways, instruction.mask, _SETS, instruction.shift]
    shapes += [data.ways, data.mask, _SETS + instruction.words, data.shift]
    ticks = [round(TICKS * one) for one in (unaligned, max(0, floats), *costs.values(), *busy.values())]
    table = np.array([*shapes, *ticks, *region_rows(board, roles)], np.int64)
    state = np.concatenate([np.zeros(_SETS, np.int64), empty(instruction.words + data.words)])
    return Observer("l1", events, _observe, table, state)


def without_caches(parameters: Mapping[str, float], off: Collection[str]) -> Mapping[str, float]:
    """The parameters where caches ("instruction", "data") are off."""
    return {**parameters, **{f"{name}_cache": 0.0 for name in off}}


def place_matters(parameters: Mapping[str, float], waiting: float) -> bool:
    """Whether other link orders may take other cycles; `waiting`: the share of them in which this one waits for code.

    Always: the core itself fetches aligned blocks of 8 bytes.
    """
    return True


def caveats(board: Board) -> tuple[str, ...]:
    """What a figure made with the level-one caches leaves out."""
    return (
        "The caches replace the least recently used line where Cortex-M7's choose at random; lines written back, words "
        "that arrive behind the first of their line and the store buffer, which takes 2 to 4 cycles for each of a row "
        "of bytes or halfwords, are not simulated: dense streams take longer.",
    )


def _shape(board: Board, parameters: Mapping[str, float], name: str) -> Sets:
    """The sets of a cache, or what there is in its place where it is off."""
    shape = sets(board, parameters, f"{name}_")
    return shape if whole(board, parameters, f"{name}_cache", 0, 1) else _TRANSFER


def _line_cycles(board: Board, parameters: Mapping[str, float], role: str) -> float:
    """Cycles of a missed line of a role that the board has."""
    name = "flash_line_beyond_wait_states" if role == "flash" else f"{role}_line_cycles"
    if math.isnan(parameters[name]):
        raise UnsupportedError(f"{board.file}: what a line of its {role} costs is not known; give {name}")
    if role != "flash":
        return cycles(board, parameters, name)
    return max(0, wait_states(board, parameters) + number(board, parameters, name, -MOST_CYCLES, MOST_CYCLES))


def _sram_busy_cycles(board: Board, parameters: Mapping[str, float]) -> float:
    """Cycles for which filling a line of SRAM keeps the bus; 0 where nothing beyond the miss is known of it."""
    is_filled = parameters["instruction_cache"] and parameters["data_cache"]
    is_known = is_filled and not math.isnan(parameters["sram_busy_cycles"])
    return cycles(board, parameters, "sram_busy_cycles") if is_known else 0.0


def _float_cycles(board: Board, parameters: Mapping[str, float]) -> float:
    """Cycles of a line of flash that a floating-point load missed; 0 where none of its own are known."""
    name = "flash_float_line_beyond_wait_states"
    if math.isnan(parameters[name]) or not parameters["data_cache"]:
        return 0.0
    return wait_states(board, parameters) + number(board, parameters, name, -MOST_CYCLES, MOST_CYCLES)


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
        edge = log[at]
        at += 1
        block = edges[edge, EDGE_BLOCK]
        base = halfword_base(block, blocks)
        first = blocks[block, BLOCK_FIRST]
        state[_NOW] += edges[edge, EDGE_REFILL] * TICKS
        for k in range(first, first + blocks[block, BLOCK_COUNT]):
            last = (instructions[k, ADDRESS] + instructions[k, BYTES] - 1) >> parameters[_LINE_SHIFT]
            if last != fetched:
                _look_up(instructions[k, ADDRESS], instructions[k, BYTES], block, 0, 0, parameters, state, counts)
                fetched = last
            address = data_address(k, instructions, base, log, at, length)
            if address != NO_ADDRESS:
                at += instructions[k, LITERAL] < 0
                size = instructions[k, ACCESS_BYTES]
                floats = parameters[_FLOATS] if instructions[k, FLAGS] & FLOAT else 0
                _look_up(address, size, block, DATA_LINE, floats, parameters, state, counts)
                if instructions[k, ACCESS] == LOAD and instructions[k, REGISTERS] == 1 and address & (size - 1):
                    counts[block, UNALIGNED_LOAD] += 1
                    state[_NOW] += parameters[_UNALIGNED]
            state[_NOW] += issue[edges[edge, EDGE_ISSUE] + k - first] * TICKS
        while at < length and log[at] < 0:
            at += 1


@inlined
def _look_up(
    address: Any, size: Any, block: Any, events: Any, floats: Any, parameters: Any, state: Any, counts: Any
) -> None:
    """Look up lines in the cache of instructions or of data; its misses count from the column `events`.

    `floats`: what a line of flash takes longer.
    """
    region = region_of(address, parameters, _REGIONS)
    if region != NO_REGION:
        shape = _SHAPE_WORDS if events else 0
        ways = parameters[shape + _WAYS]
        shift = parameters[shape + _LINE_SHIFT]
        for line in range(address >> shift, ((address + size - 1) >> shift) + 1):
            first = parameters[shape + _FIRST] + (line & parameters[shape + _SET_MASK]) * ways * ENTRY_WORDS
            if not touch(state, first, ways, line):
                role = parameters[region + 2]
                queued = max(0, state[_FREE] - state[_NOW])
                longer = 0 if role else floats
                counts[block, events + role] += 1
                counts[block, FURTHER + events + role] += queued + longer
                state[_FREE] = state[_NOW] + queued + parameters[_BUSY + role] + longer
                state[_NOW] += queued + parameters[_MISS + role] + longer
