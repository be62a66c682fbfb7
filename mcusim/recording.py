"""What the hooks record in order of execution, and the tables that observers read it by.

A log is a row of int64 words. A word ≥ 0 is a visit: the index of the edge over which a block was entered. A word
< 0 is a data access of the block visited last; its low 32 bits are the address, the bits above (without the sign)
the number of the instruction's halfword in code. Accesses follow their visit in program order; one whose condition
failed is not there, and neither is a literal load, whose address the instruction's row has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]

# Rows of `blocks`. The halfword number of a block's first instruction; later ones follow by their addresses.
BLOCK_ADDRESS, BLOCK_BYTES, BLOCK_FIRST, BLOCK_COUNT, BLOCK_HALFWORD = range(5)
BLOCK_COLUMNS = 5

# Rows of `instructions`, those of a block in a row from BLOCK_FIRST. ACCESS: how it accesses memory; ACCESS_BYTES:
# all that it moves; LITERAL: address of a literal load's data, −1 otherwise; REGISTERS: registers moved by a multiple
# load or store (LDM, LDRD, PUSH, VLDM), 1 by a single one; BRANCH: an index into BRANCHES, 0 for no branch.
ADDRESS, BYTES, ACCESS, ACCESS_BYTES, LITERAL, REGISTERS, BRANCH, FLAGS = range(8)
INSTRUCTION_COLUMNS = 8
NO_ACCESS, LOAD, STORE = 0, 1, 2
BRANCHES = ("", "b", "conditional", "cbz", "bl", "bx", "blx", "load_pc", "pop_pc", "alu_pc", "table")
# FLAGS: the load goes to the integer core and is single (pipelines may chain it); its address uses no register that
# the instruction before loads; the instruction belongs to the floating-point unit; it is a single store with an
# immediate offset behind a single load whose register its address does not use, and that writes no base back, or does.
SINGLE_LOAD, CHAINS, FLOAT, STORES_BEHIND_LOAD, STORES_BEHIND_LOAD_INDEXED = 1, 2, 4, 8, 16

# Rows of `edges`. TAKEN: 1 where the block was entered by a taken branch (or from outside), 0 where the code went
# on; ISSUE: where in `issue` the cycles of the block's instructions begin; REFILL: cycles that the branch cost
# before the block's first instruction.
EDGE_BLOCK, EDGE_PREVIOUS, EDGE_TAKEN, EDGE_ISSUE, EDGE_REFILL = range(5)
EDGE_COLUMNS = 5
NO_PREVIOUS = -1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that an observer counts for each block: the cause it falls under, and cycles each time."""

    name: str
    cause: str
    cycles: float
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Observer:
    """A memory system or a part of a pipeline that follows every visit and access.

    `observe(log, length, blocks, instructions, edges, issue, parameters, state, counts)` is compiled by Numba and
    called with one piece of the log after the other; the tables only grow between calls. `issue` holds the cycles of
    each instruction of an edge's block without any waiting for memory. `state` is the observer's own and lasts;
    `counts` has a row for each block and a column for each of `events`.
    """

    name: str
    events: tuple[Event, ...]
    observe: Callable[..., None]
    parameters: NDArray[np.int64]
    state: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observer counted over a trace: one row a block of the trace, one column an event."""

    name: str
    events: tuple[Event, ...]
    counts: tuple[tuple[int, ...], ...]
