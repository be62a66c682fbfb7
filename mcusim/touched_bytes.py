"""The recorded data accesses → which bytes of memory were read and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcusim.execution import MemoryUse
from mcusim.fixedpoint import jit
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
    BLOCK_ADDRESS,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BLOCK_HALFWORD,
    EDGE_BLOCK,
    LOAD,
    Observer,
)

# The state: number of banks, then (address, bytes, where its words begin) each, then a word for each word of memory:
# a bit for each byte that was read, and four places further for each that was written.
BANKS, TABLE, BANK_WORDS, MOST_BANKS = 0, 1, 3, 32
WORDS_AT = TABLE + MOST_BANKS * BANK_WORDS
WRITTEN_SHIFT = 4


def touch_observer(banks: Sequence[tuple[int, int]]) -> Observer:
    """An observer of the banks (address, bytes), both multiples of 4."""
    words = [size // 4 for _, size in banks[:MOST_BANKS]]
    state = np.zeros(WORDS_AT + sum(words), np.int64)
    state[BANKS] = len(words)
    at = WORDS_AT
    for row, ((address, size), count) in enumerate(zip(banks, words, strict=False)):
        state[TABLE + row * BANK_WORDS :][:BANK_WORDS] = address, size, at
        at += count
    return Observer("touched_bytes", (), observe, np.zeros(0, np.int64), state)


def touched(observer: Observer, names: Sequence[str]) -> list[MemoryUse]:
    """What was touched of each bank; `names` in order of the banks."""
    state = observer.state
    found = []
    table = state[TABLE:WORDS_AT].reshape(-1, BANK_WORDS)[: int(state[BANKS])]
    for name, (address, size, at) in zip(names, table.tolist(), strict=False):
        marks = state[at : at + size // 4]
        read, written = marks & 0xF, marks >> WRITTEN_SHIFT & 0xF
        counts = [int(_BITS[kind].sum()) for kind in (read, written, read | written)]
        found.append(MemoryUse(name, address, size, *counts))
    return found


_BITS = np.array([bin(number).count("1") for number in range(16)], np.int64)


@jit
def observe(
    log: Any,
    length: Any,
    blocks: Any,
    instructions: Any,
    edges: Any,
    _issue: Any,
    _parameters: Any,
    state: Any,
    _counts: Any,
) -> None:
    """Follow the accesses of one piece of the log; arguments as recording.Observer says."""
    block = 0
    row = 0
    for position in range(length):
        word = log[position]
        if word >= 0:
            block = edges[word, EDGE_BLOCK]
            row = blocks[block, BLOCK_FIRST]
            continue
        halfword = word >> 32 & 0x7FFFFFFF
        address = blocks[block, BLOCK_ADDRESS] + 2 * (halfword - blocks[block, BLOCK_HALFWORD])
        end = blocks[block, BLOCK_FIRST] + blocks[block, BLOCK_COUNT]
        while row < end - 1 and instructions[row, ADDRESS] != address:
            row += 1
        shift = 0 if instructions[row, ACCESS] == LOAD else WRITTEN_SHIFT
        _mark(state, word & 0xFFFFFFFF, instructions[row, ACCESS_BYTES], shift)


@jit
def _mark(state: Any, first: Any, size: Any, shift: Any) -> None:
    for bank in range(state[BANKS]):
        at = TABLE + bank * BANK_WORDS
        offset = first - state[at]
        if 0 <= offset < state[at + 1]:
            for byte in range(offset, min(offset + size, state[at + 1])):
                state[state[at + 2] + (byte >> 2)] |= 1 << (byte & 3) + shift
            return
