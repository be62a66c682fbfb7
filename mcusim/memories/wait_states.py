"""Visits and data addresses → the waiting for flash with fixed wait states behind a buffer of a few lines.

Two kinds of parts. Where lines are known (`line_bytes`), entering a line that the buffer does not hold costs the wait
states; with prefetch, the line that follows is read while the one before executes and costs only what it comes late.
Where they are not, a taken branch costs instead, unless it ends a short loop that stays in the buffer. A data read
costs the wait states, or, where the buffer serves data too, as a line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from mcusim.accesses import NO_ADDRESS, NO_REGION, data_address, halfword_base, region_of, region_rows, unfollowed
from mcusim.cache_sets import ENTRY_WORDS, empty, touch
from mcusim.fixedpoint import inlined, observing
from mcusim.hardware import Board
from mcusim.memory_parameters import number, power_of_two, whole
from mcusim.memory_parameters import wait_states as board_wait_states
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
    BLOCK_ADDRESS,
    BLOCK_BYTES,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BYTES,
    EDGE_BLOCK,
    EDGE_ISSUE,
    EDGE_PREVIOUS,
    EDGE_REFILL,
    EDGE_TAKEN,
    LITERAL,
    LOAD,
    REGISTERS,
    Event,
    Observer,
)

PARAMETERS: Mapping[str, str] = {
    "data_read_per_wait_state": "cycles of every word of data read from flash, for each wait state",
    "taken_branch_per_wait_state": "cycles of every taken branch within flash, for each wait state",
    "buffer_bytes": "longest loop, its branch included, that stays in the buffer and whose branch does not wait",
    "line_bytes": "bytes of a line that one read of flash gives; 1 where lines are not followed",
    "buffered_lines": "lines that the buffer keeps, the least recently used replaced",
    "prefetch": "1 where the line behind the one in use is read ahead, else 0",
    "caches_data": "1 where data is read through the buffer, else 0",
    "extra_miss_cycles": "cycles of a line that the buffer does not hold, beyond the wait states",
}
DEFAULTS: Mapping[str, float] = {
    "taken_branch_per_wait_state": 0,
    "buffer_bytes": 0,
    "line_bytes": 1,
    "buffered_lines": 1,
    "prefetch": 0,
    "caches_data": 0,
    "extra_miss_cycles": 0,
}

LINE_READ, LATE_PREFETCH, TAKEN_BRANCH, DATA_READ, DATA_LINE = range(5)
_MOST_PER_WAIT_STATE = 16

# Of parameters.
_WAIT_STATES, _LINE_SHIFT, _BUFFERED_LINES, _PREFETCH, _CACHES_DATA, _BUFFER_BYTES, _MISS, _REGIONS = range(8)
_NO_LINE = -2  # nor does line 0 follow it
# Of the state: when the next instruction issues, the line fetched last, when that was, and the buffer.
_NOW, _LINE, _ENTERED, _LINES = range(4)


def observer(board: Board, parameters: Mapping[str, float]) -> Observer | None:
    """The observer; None at zero wait states.

    Raises UnsupportedError where the wait states are not known, BadInputError for impossible parameters.
    """
    waits = board_wait_states(board)
    data_read = waits * number(board, parameters, "data_read_per_wait_state", 0, _MOST_PER_WAIT_STATE)
    taken_branch = waits * number(board, parameters, "taken_branch_per_wait_state", 0, _MOST_PER_WAIT_STATE)
    miss = waits + whole(board, parameters, "extra_miss_cycles", 0, 255)
    lines = whole(board, parameters, "buffered_lines", 1, 1024)
    table = [
        waits,
        power_of_two(board, parameters, "line_bytes", 1, 256).bit_length() - 1,
        lines,
        whole(board, parameters, "prefetch", 0, 1),
        whole(board, parameters, "caches_data", 0, 1),
        whole(board, parameters, "buffer_bytes", 0, 1 << 16),
        miss,
        *region_rows(board, {"flash": 0}),
    ]
    if waits == 0:
        return None
    source = f"memory of {board.file}: its parameters at {waits} wait states"
    events = (
        Event("line_read", "fetch", miss, source),
        Event("late_prefetch", "fetch", 1, source),
        Event("taken_branch", "fetch", taken_branch, source),
        Event("data_read", "flash_data", data_read, source),
        Event("data_line", "flash_data", miss, source),
    )
    state = np.concatenate([np.array([0, _NO_LINE, 0], np.int64), empty(lines * ENTRY_WORDS)])
    return Observer("wait_states", events, _observe, np.array(table, np.int64), state)


def without_caches(parameters: Mapping[str, float], off: Collection[str]) -> Mapping[str, float]:
    """The parameters where caches ("instruction", "data") are off: the line in use is what remains of a buffer."""
    code = {"buffer_bytes": 0.0, "buffered_lines": 1.0} if "instruction" in off else {}
    data = {"caches_data": 0.0} if off else {}
    return {**parameters, **code, **data}


def place_matters(parameters: Mapping[str, float], waiting: float) -> bool:
    """Whether other link orders may take other cycles; `waiting`: the share of them in which this one waits for code.

    Only where lines are followed.
    """
    return parameters.get("line_bytes", DEFAULTS["line_bytes"]) > 1


def caveats(board: Board) -> tuple[str, ...]:
    """What a figure made with fixed wait states leaves out."""
    return (
        "Instructions fetched ahead of their issue and fetches that wait for data in flash are not simulated: waiting "
        "counts when code enters a line or takes a branch.",
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
        edge = log[at]
        at += 1
        block = edges[edge, EDGE_BLOCK]
        base = halfword_base(block, blocks)
        in_flash = region_of(blocks[block, BLOCK_ADDRESS], parameters, _REGIONS) != NO_REGION
        state[_NOW] += edges[edge, EDGE_REFILL]
        if in_flash and edges[edge, EDGE_TAKEN] and edges[edge, EDGE_PREVIOUS] >= 0:
            loop_bytes = _end(edges[edge, EDGE_PREVIOUS], blocks) - blocks[block, BLOCK_ADDRESS]
            counts[block, TAKEN_BRANCH] += not 0 < loop_bytes <= parameters[_BUFFER_BYTES]
        first = blocks[block, BLOCK_FIRST]
        for k in range(first, first + blocks[block, BLOCK_COUNT]):
            if in_flash and parameters[_LINE_SHIFT]:
                _fetch(k, block, instructions, parameters, state, counts)
            address = data_address(k, instructions, base, log, at, length)
            at += address != NO_ADDRESS and instructions[k, LITERAL] < 0
            is_read = address != NO_ADDRESS and instructions[k, ACCESS] == LOAD
            if is_read and region_of(address, parameters, _REGIONS) != NO_REGION:
                _load(address, k, block, instructions, parameters, state, counts)
            state[_NOW] += issue[edges[edge, EDGE_ISSUE] + k - first]
        while at < length and log[at] < 0:
            at += 1


@inlined
def _end(block: Any, blocks: Any) -> Any:
    """The address behind a block."""
    return blocks[block, BLOCK_ADDRESS] + blocks[block, BLOCK_BYTES]


@inlined
def _fetch(k: Any, block: Any, instructions: Any, parameters: Any, state: Any, counts: Any) -> None:
    """Wait for the lines of an instruction that are not those in use."""
    shift = parameters[_LINE_SHIFT]
    address = instructions[k, ADDRESS]
    for line in range(address >> shift, ((address + instructions[k, BYTES] - 1) >> shift) + 1):
        if line != state[_LINE]:
            if not touch(state, _LINES, parameters[_BUFFERED_LINES], line):
                if parameters[_PREFETCH] and line == state[_LINE] + 1:
                    late = max(0, state[_ENTERED] + parameters[_WAIT_STATES] + 1 - state[_NOW])
                    counts[block, LATE_PREFETCH] += late
                    state[_NOW] += late
                else:
                    counts[block, LINE_READ] += 1
                    state[_NOW] += parameters[_MISS]
            state[_LINE] = line
            state[_ENTERED] = state[_NOW]


@inlined
def _load(address: Any, k: Any, block: Any, instructions: Any, parameters: Any, state: Any, counts: Any) -> None:
    """Wait for data in flash."""
    if parameters[_CACHES_DATA]:
        shift = parameters[_LINE_SHIFT]
        for line in range(address >> shift, ((address + instructions[k, ACCESS_BYTES] - 1) >> shift) + 1):
            if not touch(state, _LINES, parameters[_BUFFERED_LINES], line):
                counts[block, DATA_LINE] += 1
                state[_NOW] += parameters[_MISS]
        state[_LINE] = _NO_LINE  # that of code may be gone
    else:
        counts[block, DATA_READ] += instructions[k, REGISTERS]
