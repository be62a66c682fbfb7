"""The recorded visits of blocks → who called whom, from where, how often and for how long, as a tree of calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcusim.fixedpoint import jit
from mcusim.recording import (
    ADDRESS,
    BLOCK_ADDRESS,
    BLOCK_BYTES,
    BLOCK_COUNT,
    BLOCK_FIRST,
    BRANCH,
    BRANCHES,
    EDGE_BLOCK,
    EDGE_ISSUE,
    EDGE_PREVIOUS,
    EDGE_REFILL,
    EDGE_TAKEN,
    NO_PREVIOUS,
    Observer,
    Table,
)

CALLS = (BRANCHES.index("bl"), BRANCHES.index("blx"))
JUMPS = (BRANCHES.index("b"), BRANCHES.index("conditional"))

# The state: a header, the starts of functions, breaks of the path in a ring, stacks, and the tree.
NODES, CONTEXT, BREAKS_READ, BREAKS_WRITTEN, DROPPED, STARTS, LAST_BLOCK = 0, 1, 2, 3, 4, 5, 6
MOST_STARTS = 1 << 14
STARTS_AT = 8
MOST_BREAKS = 1 << 12
BREAK_WORDS = 4  # kind, value, the address that an exception kept from executing, and whether another follows at once
BREAKS_AT = STARTS_AT + MOST_STARTS
# An exception came (its number); one ended (the context that goes on); one came as another ended (its number).
START, ENTER, LEAVE, CHAIN = 0, 1, 2, 3
MOST_CONTEXTS, DEEPEST = 32, 256
FRAME_WORDS = 2  # return address (or −1 − number of an exception), node
CONTEXT_WORDS = 2 + DEEPEST * FRAME_WORDS  # depth, node, frames
CONTEXTS_AT = BREAKS_AT + MOST_BREAKS * BREAK_WORDS
MOST_NODES = 1 << 14
PARENT, FUNCTION, SITE, CYCLES, INSTRUCTIONS, ENTRIES, CHILD, SIBLING = range(8)
NODE_WORDS = 8
TREE_AT = CONTEXTS_AT + MOST_CONTEXTS * CONTEXT_WORDS
STATE_WORDS = TREE_AT + MOST_NODES * NODE_WORDS
ROOT = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A function in one chain of calls: `site` is the address of the call (−number of an exception, 0 for a start).

    `cycles` and `instructions` are its own, without those of what it calls and without waiting for memory.
    """

    parent: int
    function: int
    site: int
    cycles: int
    instructions: int
    calls: int


def stack_observer(starts: Iterable[int]) -> Observer:
    """An observer that follows calls; `starts` are the functions' addresses, by which it tells tail calls."""
    state = np.zeros(STATE_WORDS, np.int64)
    known = sorted(set(starts))[:MOST_STARTS]
    state[STARTS] = len(known)
    state[STARTS_AT : STARTS_AT + len(known)] = known
    state[NODES] = 1  # the root
    state[LAST_BLOCK] = NO_PREVIOUS
    one = Observer("call_stacks", (), observe, np.zeros(0, np.int64), state)
    note_break(one, START, 0, 0)
    return one


def note_break(observer: Observer, kind: int, value: int, address: int, joins: bool = False) -> bool:
    """Tell that the next block does not follow from the one before; False once the log has to be emptied first.

    `address` is where execution would have gone on instead; with `joins` nothing has executed since the last break.
    """
    state = observer.state
    if joins:
        state[BREAKS_AT + (int(state[BREAKS_WRITTEN]) - 1) % MOST_BREAKS * BREAK_WORDS + 3] = 1
    at = BREAKS_AT + int(state[BREAKS_WRITTEN]) % MOST_BREAKS * BREAK_WORDS
    state[at : at + BREAK_WORDS] = kind, value, address, 0
    state[BREAKS_WRITTEN] += 1
    return bool(state[BREAKS_WRITTEN] - state[BREAKS_READ] < MOST_BREAKS // 2)


def nodes(tree: Table) -> list[Node]:
    """The nodes of a tree as `snapshot` gives it, parents before children; the first is the root."""
    return [Node(*row[:CHILD]) for row in tree.tolist()]


def snapshot(observer: Observer) -> Table:
    """The tree as it is now."""
    count = int(observer.state[NODES])
    tree: Table = observer.state[TREE_AT : TREE_AT + count * NODE_WORDS].reshape(count, NODE_WORDS).copy()
    return tree


@jit
def observe(
    log: Any,
    length: Any,
    blocks: Any,
    instructions: Any,
    edges: Any,
    issue: Any,
    _parameters: Any,
    state: Any,
    _counts: Any,
) -> None:
    """Follow the visits of one piece of the log; arguments as recording.Observer says."""
    for position in range(length):
        edge = log[position]
        if edge < 0:
            continue
        block, previous = edges[edge, EDGE_BLOCK], edges[edge, EDGE_PREVIOUS]
        address = blocks[block, BLOCK_ADDRESS]
        if previous == NO_PREVIOUS:
            _break(state, blocks, instructions, address)
        elif edges[edge, EDGE_TAKEN]:
            _leave(state, blocks, instructions, previous, address)
        state[LAST_BLOCK] = block
        context = CONTEXTS_AT + state[CONTEXT] * CONTEXT_WORDS
        node = TREE_AT + state[context + 1] * NODE_WORDS
        count = blocks[block, BLOCK_COUNT]
        cycles = edges[edge, EDGE_REFILL]
        for number in range(count):
            cycles += issue[edges[edge, EDGE_ISSUE] + number]
        state[node + CYCLES] += cycles
        state[node + INSTRUCTIONS] += count


@jit
def _leave(state: Any, blocks: Any, instructions: Any, block: Any, address: Any) -> None:
    """A block is left by a taken branch to an address."""
    last = blocks[block, BLOCK_FIRST] + blocks[block, BLOCK_COUNT] - 1
    end = blocks[block, BLOCK_ADDRESS] + blocks[block, BLOCK_BYTES]
    _branch(state, instructions[last, BRANCH], instructions[last, ADDRESS], end, address)


@jit
def _break(state: Any, blocks: Any, instructions: Any, address: Any) -> None:
    """The start of a context, exceptions, and ends of them, up to the block at an address."""
    more = 1
    while more and state[BREAKS_READ] < state[BREAKS_WRITTEN]:
        at = BREAKS_AT + state[BREAKS_READ] % MOST_BREAKS * BREAK_WORDS
        kind, value, kept, more = state[at], state[at + 1], state[at + 2], state[at + 3]
        state[BREAKS_READ] += 1
        if kind == ENTER:
            before = state[LAST_BLOCK]  # its branch was taken, only what it led to has not executed yet
            if before != NO_PREVIOUS and kept != blocks[before, BLOCK_ADDRESS] + blocks[before, BLOCK_BYTES]:
                _leave(state, blocks, instructions, before, kept)
            elif before == NO_PREVIOUS:
                _begin(state, kept)
        else:
            _unwind(state)
        state[LAST_BLOCK] = NO_PREVIOUS
        if kind == LEAVE:
            state[CONTEXT] = min(value, MOST_CONTEXTS - 1)
        elif kind != START:
            _push(state, -1 - value, address, -value)
    _begin(state, address)


@jit
def _unwind(state: Any) -> None:
    """Leave the handler of the innermost exception."""
    context = CONTEXTS_AT + state[CONTEXT] * CONTEXT_WORDS
    depth = state[context]
    while depth > 0:
        depth -= 1
        frame = context + 2 + depth * FRAME_WORDS
        state[context + 1] = state[frame + 1]
        if state[frame] < 0:
            break
    state[context] = depth


@jit
def _begin(state: Any, address: Any) -> None:
    """The first function of a context, where it has none yet."""
    context = CONTEXTS_AT + state[CONTEXT] * CONTEXT_WORDS
    if state[context + 1] == ROOT:
        state[context + 1] = _child(state, ROOT, address, 0)


@jit
def _branch(state: Any, kind: Any, site: Any, end: Any, address: Any) -> None:
    """A call, a return, a tail call, or nothing of these."""
    if kind == CALLS[0] or kind == CALLS[1]:
        _push(state, end, address, site)
        return
    context = CONTEXTS_AT + state[CONTEXT] * CONTEXT_WORDS
    node = state[context + 1]
    if kind != JUMPS[0] and kind != JUMPS[1]:
        depth = state[context]
        while depth > 0:
            depth -= 1
            frame = context + 2 + depth * FRAME_WORDS
            if state[frame] == address:
                state[context] = depth
                state[context + 1] = state[frame + 1]
                return
            if state[frame] < 0:  # no return leads out of an exception's handler
                break
    if address != state[TREE_AT + node * NODE_WORDS + FUNCTION] and _is_start(state, address):
        state[context + 1] = _child(state, node, address, site)


@jit
def _push(state: Any, back: Any, function: Any, site: Any) -> None:
    context = CONTEXTS_AT + state[CONTEXT] * CONTEXT_WORDS
    depth = state[context]
    if depth == DEEPEST:
        state[DROPPED] += 1
        return
    frame = context + 2 + depth * FRAME_WORDS
    state[frame] = back
    state[frame + 1] = state[context + 1]
    state[context] = depth + 1
    state[context + 1] = _child(state, state[context + 1], function, site)


@jit
def _child(state: Any, parent: Any, function: Any, site: Any) -> Any:
    """The node of a function called from a site below a node, a new one where it is the first of its kind."""
    above = TREE_AT + parent * NODE_WORDS
    number = state[above + CHILD]
    while number:
        node = TREE_AT + number * NODE_WORDS
        if state[node + FUNCTION] == function and state[node + SITE] == site:
            state[node + ENTRIES] += 1
            return number
        number = state[node + SIBLING]
    number = state[NODES]
    if number == MOST_NODES:
        state[DROPPED] += 1
        return parent
    state[NODES] = number + 1
    node = TREE_AT + number * NODE_WORDS
    state[node + PARENT] = parent
    state[node + FUNCTION] = function
    state[node + SITE] = site
    state[node + ENTRIES] = 1
    state[node + SIBLING] = state[above + CHILD]
    state[above + CHILD] = number
    return number


@jit
def _is_start(state: Any, address: Any) -> Any:
    low, high = 0, state[STARTS]
    while low < high:
        middle = (low + high) // 2
        if state[STARTS_AT + middle] < address:
            low = middle + 1
        else:
            high = middle
    return low < state[STARTS] and state[STARTS_AT + low] == address
