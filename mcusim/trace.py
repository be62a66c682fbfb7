"""What was executed, without any time: decoded blocks, edge counts, and the few outcomes that time needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcusim.recording import Observed

CAUSES = (
    "issue",
    "load_store",
    "branch",
    "multiply_divide",
    "hazard",
    "fetch",
    "flash_data",
    "cache",
)

ALWAYS = "al"  # the condition of an unconditional instruction

BranchKind = Literal["b", "conditional", "cbz", "bl", "bx", "blx", "load_pc", "pop_pc", "alu_pc", "table"]


@dataclass(frozen=True, slots=True)
class Access:
    """The memory access of a load or store.

    `bytes` are all that it moves (LDRD 8, PUSH {r4, lr} 8, LDRB 1); `words` counts the registers moved (LDRD 2,
    PUSH {r4, lr} 2, VLDR.64 2, else 1); `offset` tells how the address is made; `mode` whether the base is written
    back; `multiple` is true for LDM, STM, PUSH, POP, VLDM, VSTM and for LDRD, STRD, which all share the 1 + N rule.
    """

    kind: Literal["load", "store"]
    bytes: int
    words: int
    offset: Literal["immediate", "register", "literal"]
    mode: Literal["offset", "pre", "post"]
    multiple: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """One decoded Thumb instruction.

    `mnemonic` is Arm's base name without width, condition and flag suffix ("ldrb", "add", "smlad", "b"); `text` is
    the full assembly; `condition` is "al" for an unconditional instruction. Registers are "r0" … "r12", "sp", "lr",
    "pc", "s0" … "s31" (a D register is its two S registers). `reads` are operands and store data, `address_reads`
    base and index, `accumulators` the addends among `reads` of a multiply-accumulate, `writes` results other than
    `base_writeback`.
    """

    address: int
    size: int
    mnemonic: str
    text: str
    condition: str
    in_it_block: bool
    reads: frozenset[str]
    address_reads: frozenset[str]
    accumulators: frozenset[str]
    writes: frozenset[str]
    base_writeback: str | None
    access: Access | None
    branch: BranchKind | None
    sets_flags: bool

    @property
    def straddles(self) -> bool:
        """Whether a 32-bit instruction lies across a word boundary, so that it takes two word fetches."""
        return self.size == 4 and self.address % 4 == 2


@dataclass(frozen=True, slots=True)
class Block:
    """A run of instructions that is entered at the top and left at the bottom; keyed by (address, size)."""

    address: int
    size: int
    function: str
    instructions: tuple[Instruction, ...]

    @property
    def end(self) -> int:
        """Address behind the last instruction: where a branch not taken goes on."""
        return self.address + self.size


Rows = Callable[[Block], NDArray[np.int64]]  # what a pipeline knows of a block's instructions, a row each


@dataclass(frozen=True, slots=True)
class Edge:
    """How often `block` was entered right after `previous` (indices into Trace.blocks; −1: the start)."""

    previous: int
    block: int
    count: int


@dataclass(frozen=True, slots=True)
class Trace:
    """One call of target code.

    `executed`: per address of a predicated load, store or divide, how often its condition passed.
    `divides`: per address of a divide, how often each (dividend bits, divisor bits, quotient bits) came,
    bits being those of the absolute values. `memory` names the memory system that rode along, `observed` holds what
    observers counted for each block.
    """

    entry: str
    blocks: tuple[Block, ...]
    edges: tuple[Edge, ...]
    executed: Mapping[int, int]
    divides: Mapping[int, Mapping[tuple[int, int, int], int]]
    stack_bytes: int
    memory: str
    observed: tuple[Observed, ...] = ()

    @property
    def instructions(self) -> int:
        """Instructions executed; those whose condition failed count, as they take their slot on silicon."""
        return sum(edge.count * len(self.blocks[edge.block].instructions) for edge in self.edges)

    @property
    def visits(self) -> list[int]:
        """How often each block executed."""
        visits = [0] * len(self.blocks)
        for edge in self.edges:
            visits[edge.block] += edge.count
        return visits


@dataclass(frozen=True, slots=True)
class Timing:
    """Cycles of a trace on a core: one row a block of the trace, one column a cause, in order of CAUSES.

    `by_instruction` has for each block one row an instruction; they sum to the block's row.
    """

    by_block: tuple[tuple[int, ...], ...]
    by_instruction: tuple[NDArray[np.int64], ...] = field(repr=False, compare=False)

    @property
    def by_cause(self) -> dict[str, int]:
        """Cycles of each cause over all blocks."""
        return {cause: sum(row[column] for row in self.by_block) for column, cause in enumerate(CAUSES)}

    @property
    def cycles(self) -> int:
        """All cycles."""
        return sum(sum(row) for row in self.by_block)
