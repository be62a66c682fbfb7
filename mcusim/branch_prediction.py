"""A core's rules and the log of visits → mispredicted branches, and loads and stores that wait for a bank of memory.

The predictor is a branch target address cache (BTAC): sets of entries, found by the aligned 8 bytes that a branch
lies in, the least recently used replaced. A branch gets an entry when it is first taken. An entry counts to four and
predicts taken in its upper half; a new one is at the top, so that a loop is mispredicted once for each exit. A
branch without an entry is predicted not taken; where B or BL is, decoding finds the target early. Arm documents that
there is a BTAC and that static prediction is left without it (Cortex-M7 TRM DDI 0489, ACTLR.DISBTACREAD), not how
either works: sets, replacement, counters and the static rule are a choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mcusim.fixedpoint import inner, observing
from mcusim.hardware import Core
from mcusim.recording import (
    ACCESS,
    ADDRESS,
    BLOCK_ADDRESS,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BLOCK_HALFWORD,
    BRANCH,
    BRANCHES,
    EDGE_BLOCK,
    EDGE_ISSUE,
    EDGE_PREVIOUS,
    EDGE_TAKEN,
    LITERAL,
    LOAD,
    NO_ACCESS,
    REGISTERS,
    STORE,
    Event,
    Observer,
)

EVENTS = (
    ("misprediction", "branch"),
    ("btac_miss", "branch"),
    ("bank_conflict", "load_store"),
    ("store_multiple_misaligned", "load_store"),
)
MISPREDICTION, BTAC_MISS, BANK_CONFLICT, STORE_MULTIPLE = range(len(EVENTS))
PREDICTOR_RULES = (*(name for name, _ in EVENTS), "btac_entries", "btac_ways")

_BRANCH, _CONDITIONAL, _COMPARE, _CALL = (BRANCHES.index(kind) for kind in ("b", "conditional", "cbz", "bl"))
_SETS, _WAYS = 0, 1  # of parameters
_TAG, _COUNTER, _AGE, _ENTRY_WORDS = 0, 1, 2, 3  # of an entry; the state's last word is the clock of ages
_NO_TAG = -1
_NO_EVENT = -1
_FETCH_SHIFT = 3  # log2 of the bytes fetched at once
_TAKEN_FROM, _MOST = 2, 3  # of a counter
_BANK_BIT = 4  # of an address: D0TCM or D1TCM, even or odd words of the cache
_DOUBLE_WORD_BITS = 7


def predicted(core: Core, name: str) -> Observer:
    """The observer of a core whose rules give PREDICTOR_RULES."""
    rules = core.rules
    costs = {event: rules[event].value for event, _ in EVENTS}
    costs[EVENTS[BANK_CONFLICT][0]] = 0  # counted only: what one costs depends on the code around it
    events = tuple(Event(event, cause, costs[event], rules[event].source) for event, cause in EVENTS)
    ways = rules["btac_ways"].value
    sets = rules["btac_entries"].value // ways
    state = np.zeros(sets * ways * _ENTRY_WORDS + 1, np.int64)
    state[_TAG:-1:_ENTRY_WORDS] = _NO_TAG
    return Observer(name, events, _observe, np.array([sets, ways], np.int64), state)


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
        previous = edges[edge, EDGE_PREVIOUS]
        if previous >= 0:
            last = blocks[previous, BLOCK_FIRST] + blocks[previous, BLOCK_COUNT] - 1
            kind = instructions[last, BRANCH]
            if kind in (_CONDITIONAL, _COMPARE, _BRANCH, _CALL):
                taken = edges[edge, EDGE_TAKEN] == 1
                event = _predict(instructions[last, ADDRESS], taken, parameters, state)
                if event == BTAC_MISS and kind in (_CONDITIONAL, _COMPARE):
                    event = MISPREDICTION
                if event >= 0:
                    counts[previous, event] += 1
        begin = at
        while at < length and log[at] < 0:
            at += 1
        if at > begin:
            _access(
                log, begin, at, blocks, edges[edge, EDGE_BLOCK], instructions, issue, edges[edge, EDGE_ISSUE], counts
            )


@inner
def _predict(address: Any, taken: Any, parameters: Any, state: Any) -> Any:
    """Predict one branch and learn from how it went; the event that it was, or −1."""
    ways = parameters[_WAYS]
    first = (address >> _FETCH_SHIFT) % parameters[_SETS] * ways * _ENTRY_WORDS
    state[-1] += 1
    oldest = first
    for entry in range(first, first + ways * _ENTRY_WORDS, _ENTRY_WORDS):
        if state[entry + _TAG] == address:
            right = (state[entry + _COUNTER] >= _TAKEN_FROM) == taken
            change = 1 if taken else -1
            state[entry + _COUNTER] = min(_MOST, max(0, state[entry + _COUNTER] + change))
            state[entry + _AGE] = state[-1]
            return _NO_EVENT if right else MISPREDICTION
        if state[entry + _AGE] < state[oldest + _AGE]:
            oldest = entry
    if not taken:
        return _NO_EVENT
    state[oldest + _TAG] = address
    state[oldest + _COUNTER] = _MOST
    state[oldest + _AGE] = state[-1]
    return BTAC_MISS


@inner
def _access(
    log: Any,
    at: Any,
    end: Any,
    blocks: Any,
    block: Any,
    instructions: Any,
    issue: Any,
    first_issue: Any,
    counts: Any,
) -> None:
    """Count the pairs of loads that meet in one bank in a visit, and multiple stores that start between two banks.

    The words of the visit's accesses are `log[at:end]`.
    """
    first = blocks[block, BLOCK_FIRST]
    before = -1  # address of the load right before
    for k in range(blocks[block, BLOCK_COUNT]):
        access = instructions[first + k, ACCESS]
        if access == NO_ACCESS:
            before = -1
            continue
        address = instructions[first + k, LITERAL]
        if address < 0:
            offset = instructions[first + k, ADDRESS] - blocks[block, BLOCK_ADDRESS]
            halfword = blocks[block, BLOCK_HALFWORD] + (offset >> 1)
            if at == end or (log[at] >> 32) & 0x7FFFFFFF != halfword:  # its condition failed
                before = -1
                continue
            address = log[at] & 0xFFFFFFFF
            at += 1
        registers = instructions[first + k, REGISTERS]
        if access == LOAD and registers == 1:
            if before >= 0 and issue[first_issue + k] == 0 and (before ^ address) & _BANK_BIT == 0:
                counts[block, BANK_CONFLICT] += 1
            before = address
        else:
            before = -1
            if access == STORE and registers & 1 == 0 and address & _DOUBLE_WORD_BITS:
                counts[block, STORE_MULTIPLE] += 1
