"""Counts of the native hooks and the code they were counted on → Trace, and what has to be counted one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcusim import observations, observer
from mcusim.decoder import decode
from mcusim.elf import Firmware
from mcusim.errors import UnsupportedError
from mcusim.extensions import lacking_extension
from mcusim.hardware import Core
from mcusim.stack_depth import Move, lowest_sp, moves_of
from mcusim.trace import Block, Edge, Instruction, Trace

Rows = NDArray[np.int64]  # what observations.edges returns

PAGE_BYTES = 1024  # of Unicorn's Arm: a block ends at every multiple of it
DIVIDES = frozenset({"sdiv", "udiv"})
# Beginnings of mnemonics that on some core take other cycles executed than skipped, beside loads and stores.
LONG_MNEMONICS = ("v", "mul", "mla", "mls", "sm", "um")


@dataclass(frozen=True, slots=True)
class Site:
    """An instruction to be counted one by one: what the hook does there, and a divide's registers by their number."""

    address: int
    kind: int
    dividend: int = 0
    divisor: int = 0


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block with what observing it needs: its changes of SP, and the instructions that are counted one by one."""

    block: Block
    moves: tuple[Move, ...]
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """The firmware as it lies in flash, with the blocks of it that were decoded so far by key."""

    core: Core
    firmware: Firmware
    address: int
    image: bytes
    decoded: dict[int, CodeBlock] = field(default_factory=dict)

    def bytes_of(self, address: int, size: int) -> bytes:
        """Code at an absolute address."""
        start = address - self.address
        return self.image[start : start + size]

    def where(self, address: int) -> str:
        """An absolute address of code for the user: address, function and source line as far as known."""
        offset = address - self.address
        function = self.firmware.function_at(offset)
        line = self.firmware.source_line(offset)
        name = f"{function.name} at {address:#010x}" if function else f"{address:#010x}"
        return f"{name} ({line})" if line else name

    def block(self, key: int, before: int | None) -> CodeBlock:
        """The block of a key (size << 32 | address); UnsupportedError for an instruction that the core lacks.

        `before` is the key of the block that it goes on from where the emulator cut a row of instructions in two:
        an IT instruction there makes the first instructions here conditional.
        """
        if key not in self.decoded:
            self.decoded[key] = self._decode(key & 0xFFFFFFFF, key >> 32, before >> 32 if before else 0)
        return self.decoded[key]

    def _decode(self, address: int, size: int, before_bytes: int) -> CodeBlock:
        encoded = self.bytes_of(address, size)
        row = decode(self.bytes_of(address - before_bytes, before_bytes + size), address - before_bytes)
        instructions = tuple(one for one in row if one.address >= address)
        for one in instructions:
            # Unicorn's Cortex-M3 executes DSP instructions, so they are refused by what they are.
            lacks = lacking_extension(self.core, one.mnemonic)
            if lacks:
                raise UnsupportedError(
                    f"{one.text!r} in {self.where(one.address)} needs {lacks}, which {self.core.name} does not have"
                )
        function = self.firmware.function_at(address - self.address)
        block = Block(address, size, function.name if function else f"{address:#010x}", instructions)
        moves = moves_of(block, encoded)
        return CodeBlock(block, moves, _sites(block, encoded, moves))


def executed_blocks(code: Code, rows: Rows) -> dict[int, CodeBlock]:
    """The blocks of the edges seen, by key, in order of address and size."""
    before = {}
    for previous, key in rows[:, [observer.EDGE_PREVIOUS, observer.EDGE_BLOCK]].tolist():
        address = key & 0xFFFFFFFF
        goes_on = previous != observer.NO_BLOCK and (previous & 0xFFFFFFFF) + (previous >> 32) == address
        if goes_on and address % PAGE_BYTES == 0:
            before[key] = previous
        else:
            before.setdefault(key, None)
    return {key: code.block(key, before[key]) for key in sorted(before, key=lambda key: (key & 0xFFFFFFFF, key >> 32))}


def missing_sites(blocks: Iterable[CodeBlock], known: Collection[int]) -> tuple[Site, ...]:
    """The sites of the blocks at addresses that are not `known`, one of each address."""
    found = {site.address: site for block in blocks for site in block.sites if site.address not in known}
    return tuple(found[address] for address in sorted(found))


def build_trace(
    code: Code,
    state: observer.State,
    rows: Rows,
    sites: Mapping[int, int],
    entry: str,
    stack: tuple[int, int],
    stop: int,
) -> Trace:
    """The trace of one finished call.

    `rows`: the edges of `state`; `sites`: the number of the site at each address; `stack`: the stack's top, and SP
    at the call. The last block has no instructions and stands for the return to the caller at `stop`, so that the
    edge out of the code counts.
    """
    blocks = executed_blocks(code, rows)
    instructions = {one.address: one for seen in blocks.values() for one in seen.block.instructions}
    operands = observations.divides(state)
    top, first_sp = stack
    read = {address: observations.lowest_sp_at(state, number) for address, number in sites.items()}
    return Trace(
        entry=entry,
        blocks=(*(seen.block for seen in blocks.values()), Block(stop, 0, entry, ())),
        edges=(*_edges(blocks, rows), Edge(list(blocks).index(observations.last_block(state)), len(blocks), 1)),
        executed={
            address: observations.executions(state, sites[address])
            for address, one in sorted(instructions.items())
            if _is_predicated(one)
        },
        divides={
            address: operands.get(sites[address], {})
            for address, one in sorted(instructions.items())
            if one.mnemonic in DIVIDES
        },
        stack_bytes=top - min(first_sp, _lowest_sp(blocks, rows, read)),
        memory="zero_wait",
    )


def _is_predicated(one: Instruction) -> bool:
    """Whether to count how often the instruction's condition passed."""
    is_long = one.access is not None or one.mnemonic in DIVIDES or one.mnemonic.startswith(LONG_MNEMONICS)
    return one.in_it_block and is_long


def _sites(block: Block, encoded: bytes, moves: Iterable[Move]) -> tuple[Site, ...]:
    """What has to be counted one by one in a block.

    Divides, for their operands; predicated instructions, for how often their condition passed; and what follows a
    change of SP that cannot be told from its bits (at the block's end the next block's entry tells).
    """
    unknown = {move.behind for move in moves if move.change_bytes is None}
    sites = []
    for one in block.instructions:
        if one.mnemonic in DIVIDES:  # Rn in the first halfword, Rm in the second (DDI 0403E, A7.7.127)
            kind = observer.SIGNED_DIVIDE if one.mnemonic == "sdiv" else observer.UNSIGNED_DIVIDE
            offset = one.address - block.address
            sites.append(Site(one.address, kind, encoded[offset] & 0xF, encoded[offset + 2] & 0xF))
        elif _is_predicated(one) or one.address in unknown:
            sites.append(Site(one.address, observer.NO_DIVIDE))
    return tuple(sites)


def _edges(blocks: Collection[int], rows: Rows) -> list[Edge]:
    index = {key: number for number, key in enumerate(blocks)}
    index[observer.NO_BLOCK] = -1
    columns = [observer.EDGE_PREVIOUS, observer.EDGE_BLOCK, observer.EDGE_COUNT]
    return [Edge(index[previous], index[block], count) for previous, block, count in rows[:, columns].tolist()]


def _lowest_sp(blocks: Mapping[int, CodeBlock], rows: Rows, read: Mapping[int, int]) -> int:
    """The lowest SP in the blocks that move it or follow one that does; HIGHEST_SP if none does."""
    entries = rows[rows[:, observer.EDGE_READS_SP] != 0][:, [observer.EDGE_BLOCK, observer.EDGE_LOWEST_SP]].tolist()
    return min((lowest_sp(sp, blocks[key].moves, read) for key, sp in entries), default=observer.HIGHEST_SP)
