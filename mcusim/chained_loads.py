"""Accesses in the order of a log → those whose memory breaks a chain, and further bus accesses of unaligned loads."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcusim.accesses import region_of
from mcusim.fixedpoint import observing
from mcusim.hardware import Board, Core
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
    BLOCK_ADDRESS,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BLOCK_HALFWORD,
    CHAINS,
    EDGE_BLOCK,
    FLAGS,
    LITERAL,
    NO_ACCESS,
    SINGLE_LOAD,
    STORES_BEHIND_LOAD,
    STORES_BEHIND_LOAD_INDEXED,
    Event,
    Observer,
)

LOAD_RULES = ("load_other_memory", "unaligned_load")  # rules of a core, in the order of the events
_BEFORE = 0  # of the state: the memory of the single load right before, which may lie behind a page's end
_NO_LOAD = -2  # no single load right before; other numbers are those of memories
# Parameters: flags of what the memory of the load before must be that of, then the memories.
_BREAKS, _MEMORIES = 0, 1


def chained_loads(core: Core, board: Board) -> Observer | None:
    """The observer of a core's loads on a board, named as the core's pipeline; None where LOAD_RULES are all 0.

    The memories are the board's regions, and all that lies outside is one more. A store that takes nothing behind a
    load does so, like a load, within one memory only; elsewhere it takes what breaking a chain of loads does.
    """
    rules = {name: core.rules[name] for name in LOAD_RULES}
    if not any(rule.value for rule in rules.values()):
        return None
    events = tuple(Event(name, "load_store", rule.value, rule.source) for name, rule in rules.items())
    memories = [number for one in board.regions for number in (one.address, one.address + one.bytes, 0)]
    parameters = np.array([_breaks(core), *memories], np.int64)
    return Observer(core.pipeline, events, _observe, parameters, np.array([_NO_LOAD], np.int64))


def _breaks(core: Core) -> int:
    """Flags of the instructions that another memory than that of the load before makes wait."""
    if core.rules["store_after_load"].value:
        return CHAINS
    waits = core.rules["store_writeback_after_load"].value
    return CHAINS | STORES_BEHIND_LOAD | (0 if waits else STORES_BEHIND_LOAD_INDEXED)


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
    """Follow a piece of the log; `counts`: one row a block, columns as the events.

    Calls with arrays would cost more than all else here, so that addresses are read in place.
    """
    at, last, breaks, before = 0, _MEMORIES, parameters[_BREAKS], state[_BEFORE]
    while at < length:
        block = edges[log[at], EDGE_BLOCK]
        base, first = 2 * blocks[block, BLOCK_HALFWORD] - blocks[block, BLOCK_ADDRESS], blocks[block, BLOCK_FIRST]
        at += 1
        for k in range(first, first + blocks[block, BLOCK_COUNT]):
            if instructions[k, ACCESS] == NO_ACCESS:
                continue
            address, memory = instructions[k, LITERAL], _NO_LOAD
            logged = at < length and log[at] < 0 and 2 * (log[at] >> 32 & 0x7FFFFFFF) == base + instructions[k, ADDRESS]
            if address < 0 and logged:  # else its condition failed
                address = log[at] & 0xFFFFFFFF
                at += 1
            flags = instructions[k, FLAGS]
            if address >= 0 and flags & (SINGLE_LOAD | breaks):
                memory, size = last, instructions[k, ACCESS_BYTES]
                if not parameters[last] <= address < parameters[last + 1]:
                    memory = region_of(address, parameters, _MEMORIES)
                    last = max(_MEMORIES, memory)
                counts[block, 0] += flags & breaks != 0 and before != _NO_LOAD and before != memory
                if flags & SINGLE_LOAD:
                    counts[block, 1] += 2 if size == 4 and address & 1 else address & (size - 1) > 0
                else:
                    memory = _NO_LOAD
            before = memory
        while at < length and log[at] < 0:
            at += 1
    state[_BEFORE] = before
