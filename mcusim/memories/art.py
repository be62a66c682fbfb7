"""Visits and data addresses → the waiting for flash behind ST's adaptive real-time accelerator (ART) on Cortex-M4.

The flash array has one port; a read takes the wait states and one cycle more, and waits until the array is free. In
front of it are two caches, fully associative, the least recently used line replaced, each line filled granule by
granule: one for instructions, one for data, literals included. After an instruction miss the next granule may be
read into a buffer. The core fetches words into a queue of three. An instruction issues when its last word has arrived;
lateness counts while a miss is in flight, because the pipeline's own rules contain the rest.

A taken branch that issues at t with a refill of P cycles has its target's data phase at t + P − 1. Up to the cycle
before, the queue goes on behind the branch, at most two words far; what misses there delays the target and stays in
the cache. All rules are those that met an STM32L4R5 at 120 MHz within 1.5 % on exact vendor binaries. Times are of
the pipeline without waiting, `issue`, plus the stalls so far.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from mcusim.accesses import NO_ADDRESS, NO_REGION, data_address, halfword_base, region_of, region_rows, unfollowed
from mcusim.cache_sets import BITS, ENTRY_WORDS, empty, touch
from mcusim.fixedpoint import inlined, observing
from mcusim.hardware import Board
from mcusim.memory_parameters import cycles, power_of_two, wait_states, whole
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
    BLOCK_ADDRESS,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BYTES,
    CHAINS,
    EDGE_BLOCK,
    EDGE_ISSUE,
    EDGE_REFILL,
    EDGE_TAKEN,
    FLAGS,
    LITERAL,
    LOAD,
    REGISTERS,
    SINGLE_LOAD,
    Event,
    Observer,
)

PARAMETERS: Mapping[str, str] = {
    "instruction_lines": "lines of the instruction cache",
    "data_lines": "lines of the data cache",
    "line_bytes": "bytes of a line of either cache",
    "granule_bytes": "bytes that one read of the array gives: 8 of dual-bank flash, 16 of single-bank",
    "prefetch": "1 where the firmware enables the prefetch buffer, 0 where it does not",
    "absorbed_chain_break_cycles": "cycles that the pipeline adds to a load after one from another memory, which "
    "pass while a data miss stalls anyway",
}
DEFAULTS: Mapping[str, float] = {}

FETCH_STALL, DATA_STALL, ABSORBED = range(3)
_SOURCE = "flash read path that met STM32L4R5 silicon at 120 MHz; each stalled cycle"

_QUEUE_WORDS = 3
_WRONG_WORDS = 2  # fetched behind a taken branch at most
_NEVER = 1 << 60
_NO_LOAD = -2  # in place of the region that the instruction before loaded from
_NOT_FLASH, _FLASH = 0, 1  # classes of regions

# Of parameters.
_READ_CYCLES, _INSTRUCTION_LINES, _DATA_LINES, _LINE_SHIFT, _LINE_BYTES, _GRANULE_SHIFT, _PREFETCH, _REGIONS = range(8)

# Of the state. NOW: when the next instruction issues if nothing is late; NEXT: the word to be fetched next (address
# // 4); LAST: the one with the end of the instruction before; ARRIVED and CONSUMED: of the last four words, by the
# two low bits of the word; FREE: when the array is; MISSING: until when a miss is in flight; BUFFERED: the granule in
# the prefetch buffer, and when it is READY. Behind them the lines of both caches.
_NOW, _NEXT, _LAST, _FREE, _MISSING, _BUFFERED, _READY, _ARRIVED, _CONSUMED, _LINES = *range(8), 11, 16
_RING = 3


def observer(board: Board, parameters: Mapping[str, float]) -> Observer | None:
    """The observer; None at zero wait states.

    Raises UnsupportedError where the wait states are not known, BadInputError for sizes that no ART can have.
    """
    waits = wait_states(board)
    instruction_lines = whole(board, parameters, "instruction_lines", 1, 1024)
    data_lines = whole(board, parameters, "data_lines", 1, 1024)
    line_bytes = power_of_two(board, parameters, "line_bytes", 4, 256)
    granule_bytes = power_of_two(board, parameters, "granule_bytes", 4, line_bytes)
    prefetch = whole(board, parameters, "prefetch", 0, 1)
    absorbed = cycles(board, parameters, "absorbed_chain_break_cycles")
    if waits == 0:
        return None
    events = (
        Event("fetch_stall", "fetch", 1, _SOURCE),
        Event("data_stall", "flash_data", 1, _SOURCE),
        Event("absorbed_chain_break", "load_store", -absorbed, "the same; a miss absorbs the broken chain of loads"),
    )
    roles = dict.fromkeys(("sram", "ccm", "dtcm", "itcm", "sdram", "qspi"), _NOT_FLASH) | {"flash": _FLASH}
    shift, granule_shift = line_bytes.bit_length() - 1, granule_bytes.bit_length() - 1
    shape = [waits + 1, instruction_lines, data_lines, shift, line_bytes, granule_shift, prefetch]
    table = np.array([*shape, *region_rows(board, roles)], np.int64)
    lines = empty((instruction_lines + data_lines) * ENTRY_WORDS)
    state = np.concatenate([np.zeros(_LINES, np.int64), lines])
    state[_LAST] = -_QUEUE_WORDS
    state[_BUFFERED] = -1
    state[[_FREE, *range(_ARRIVED, _CONSUMED)]] = -_NEVER
    return Observer("art", events, _observe, table, state)


def without_caches(parameters: Mapping[str, float], off: Collection[str]) -> Mapping[str, float]:
    """The parameters where caches ("instruction", "data") are off.

    Of instructions the granule read last remains (ST's reference manuals of L4+ and G4: the current instruction line
    is saved in a current buffer); that of data does so, too, is an assumption. Lines are granules then: a cache that
    stays on holds as many bytes as before.
    """
    if not off:
        return parameters
    granules = parameters["line_bytes"] / parameters["granule_bytes"]
    lines = {
        f"{name}_lines": 1.0 if name in off else granules * parameters[f"{name}_lines"]
        for name in ("instruction", "data")
    }
    return {**parameters, **lines, "line_bytes": parameters["granule_bytes"]}


def place_matters(parameters: Mapping[str, float], waiting: float) -> bool:
    """Whether other link orders may take other cycles; `waiting`: the share of them in which this one waits for code.

    Always: a loop about as large as the instruction cache falls off a cliff.
    """
    return True


def caveats(board: Board) -> tuple[str, ...]:
    """What a figure made with the ART leaves out."""
    return (
        "Where code lies moves the misses of the instruction cache: a latency holds for this link order, and the ART "
        "was checked on STM32L4R5 only.",
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
        if edges[edge, EDGE_TAKEN]:
            _redirect(blocks[block, BLOCK_ADDRESS] >> 2, edges[edge, EDGE_REFILL], parameters, state)
        before = _NO_LOAD
        first = blocks[block, BLOCK_FIRST]
        timed = edges[edge, EDGE_ISSUE] - first
        for k in range(first, first + blocks[block, BLOCK_COUNT]):
            late = _issue(instructions[k, ADDRESS], instructions[k, BYTES], parameters, state)
            if late:
                counts[block, FETCH_STALL] += late
            memory = _NO_LOAD
            duration = issue[timed + k]
            address = data_address(k, instructions, base, log, at, length)
            if address != NO_ADDRESS:
                at += instructions[k, LITERAL] < 0
                memory = region_of(address, parameters, _REGIONS)
                if instructions[k, ACCESS] == LOAD and _is_flash(memory, parameters):
                    phase = state[_NOW] + max(0, duration - instructions[k, REGISTERS])
                    stall = _load(address, instructions[k, ACCESS_BYTES], phase, parameters, state)
                    duration += stall
                    counts[block, DATA_STALL] += stall
                    if stall and instructions[k, FLAGS] & CHAINS and before != _NO_LOAD and before != memory:
                        counts[block, ABSORBED] += 1
            before = memory if instructions[k, FLAGS] & SINGLE_LOAD else _NO_LOAD
            state[_NOW] += duration
        while at < length and log[at] < 0:
            at += 1


@inlined
def _redirect(target: Any, refill: Any, parameters: Any, state: Any) -> None:
    """A taken branch, after its own cycles: the queue ends its way behind the branch and begins at the target."""
    issued = state[_NOW] - 1
    _run_ahead(issued + refill - 2, state[_LAST] + _WRONG_WORDS, parameters, state)
    begin = max(state[_ARRIVED + ((state[_NEXT] - 1) & _RING)], issued + refill - 1)
    for word in range(target - _QUEUE_WORDS, target):
        state[_ARRIVED + (word & _RING)] = begin
        state[_CONSUMED + (word & _RING)] = begin - 1
    state[_NEXT] = target
    state[_NOW] += refill


@inlined
def _run_ahead(until: Any, last: Any, parameters: Any, state: Any) -> None:
    """Fetch what the queue has room for: words up to `last` whose data phase begins at `until` or before."""
    while state[_NEXT] <= last and _data_phase(state) <= until:
        _fetch(parameters, state)


@inlined
def _data_phase(state: Any) -> Any:
    """When the data phase of the next word begins: after the word before, and when the queue has room."""
    word = state[_NEXT]
    room = state[_CONSUMED + ((word - _QUEUE_WORDS) & _RING)] + 1
    return max(state[_ARRIVED + ((word - 1) & _RING)], room)


@inlined
def _issue(address: Any, size: Any, parameters: Any, state: Any) -> Any:
    """Issue an instruction; how late it is. The words that end with it leave the queue."""
    end = address + size
    last = (end - 1) >> 2
    while state[_NEXT] <= last:
        _fetch(parameters, state)
    now = state[_NOW]
    late = 0
    if state[_MISSING] > now:
        late = max(0, state[_ARRIVED + (last & _RING)] - now)
        now += late
        state[_NOW] = now
    if end & 3 == 0:
        state[_CONSUMED + (last & _RING)] = now
    if address >> 2 != last:
        state[_CONSUMED + ((last - 1) & _RING)] = now
    state[_LAST] = last
    return late


@observing
def _fetch(parameters: Any, state: Any) -> None:
    """Fetch the next word into the queue."""
    word = state[_NEXT]
    begin = _data_phase(state)
    arrival = begin + 1
    address = word << 2
    lines = parameters[_INSTRUCTION_LINES]
    is_flash = _is_flash(region_of(address, parameters, _REGIONS), parameters)
    if is_flash and not _is_there(address, _LINES, lines, parameters, state):
        arrival = _miss(address >> parameters[_GRANULE_SHIFT], begin, parameters, state)
        if arrival > begin + 1:
            state[_MISSING] = max(state[_MISSING], arrival)
    state[_ARRIVED + (word & _RING)] = arrival
    state[_CONSUMED + (word & _RING)] = _NEVER
    state[_NEXT] = word + 1


@inlined
def _is_flash(region: Any, parameters: Any) -> Any:
    return region != NO_REGION and parameters[region + 2] == _FLASH


@inlined
def _is_there(address: Any, first: Any, lines: Any, parameters: Any, state: Any) -> Any:
    """Whether the granule of an address is in the cache that begins at `first`; afterwards it is."""
    touch(state, first, lines, address >> parameters[_LINE_SHIFT])
    bit = 1 << ((address & (parameters[_LINE_BYTES] - 1)) >> parameters[_GRANULE_SHIFT])
    bits = state[first + BITS]
    state[first + BITS] = bits | bit
    return bits & bit != 0


@inlined
def _miss(granule: Any, begin: Any, parameters: Any, state: Any) -> Any:
    """When the granule of an instruction miss arrives, from the prefetch buffer or the array."""
    if granule == state[_BUFFERED]:
        arrival = max(begin + 1, state[_READY])
    else:
        arrival = max(begin, state[_FREE]) + parameters[_READ_CYCLES]
        state[_FREE] = arrival
    if parameters[_PREFETCH]:
        state[_BUFFERED] = granule + 1
        state[_READY] = max(arrival, state[_FREE]) + parameters[_READ_CYCLES]
        state[_FREE] = state[_READY]
    return arrival


@inlined
def _load(address: Any, size: Any, begin: Any, parameters: Any, state: Any) -> Any:
    """Cycles that a load from flash stalls, its first data phase at `begin`, a word every cycle from there."""
    first = _LINES + parameters[_INSTRUCTION_LINES] * ENTRY_WORDS
    granule_bytes = 1 << parameters[_GRANULE_SHIFT]
    stall = 0
    at = address
    while at < address + size:
        if not _is_there(at, first, parameters[_DATA_LINES], parameters, state):
            phase = begin + ((at - address) >> 2) + stall
            _run_ahead(phase, state[_NEXT] + _QUEUE_WORDS, parameters, state)
            state[_FREE] = max(phase, state[_FREE]) + parameters[_READ_CYCLES]
            stall += state[_FREE] - phase - 1
        at = (at & -granule_bytes) + granule_bytes
    return stall
