"""Counts of the native hooks and the code they were counted on → Trace, and what has to be counted one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcusim import observer
from mcusim.addressing import addressing
from mcusim.decoder import decode
from mcusim.elf import Firmware
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.extensions import lacking_extension
from mcusim.hardware import Core
from mcusim.observations import Counts, Site
from mcusim.stack_depth import Move, lowest_sp, moves_of
from mcusim.trace import Block, Edge, Instruction, Trace

Rows = NDArray[np.int64]  # Counts.edges

DIVIDES = frozenset({"sdiv", "udiv"})
LONG_MULTIPLIES = frozenset({"smull", "umull", "smlal", "umlal"})
# Beginnings of mnemonics that on some core take other cycles executed than skipped, beside loads and stores.
LONG_MNEMONICS = ("v", "mul", "mla", "mls", "sm", "um")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block with what observing it needs: its bytes, its changes of SP, and what is counted one by one."""

    block: Block
    encoded: bytes
    moves: tuple[Move, ...]
    sites: tuple[Site, ...]

    @property
    def ends_by_branch(self) -> bool:
        """Whether it ends where code has a branch, and not only where the emulator cut it."""
        return self.block.instructions[-1].branch is not None


def size_of(key: int) -> int:
    """Bytes of the block of a key."""
    return key >> observer.SIZE_SHIFT & observer.SIZE_MASK


def behind(key: int) -> int:
    """Bytes of the row of instructions before the block of a key, which goes on behind where the emulator cut it."""
    return 2 * (key >> observer.BEHIND_SHIFT) if key >= 0 else 0


class DecodedCode(ABC):
    """Code of a core, with the blocks of it that were decoded so far by the observer's key."""

    def __init__(self, core: Core) -> None:
        """Nothing is decoded yet."""
        self.core = core
        self.decoded: dict[int, CodeBlock] = {}

    @abstractmethod
    def bytes_of(self, address: int, size: int) -> bytes:
        """Code at an absolute address."""

    @abstractmethod
    def function_at(self, address: int) -> str:
        """The function that an absolute address lies in; the address in words where that is not known."""

    @abstractmethod
    def where(self, address: int) -> str:
        """An absolute address of code for the user: address, function and source line as far as known."""

    def block(self, key: int, before: int | None) -> CodeBlock:
        """The block of a key; UnsupportedError for an instruction that the core lacks.

        `before` is the key of the block that it goes on from where the emulator cut a row of instructions in two:
        an IT instruction there makes the first instructions here conditional. The key may say so itself.
        """
        if key not in self.decoded:
            self.decoded[key] = self._decode(key & 0xFFFFFFFF, size_of(key), behind(key) or (size_of(before or 0)))
        return self.decoded[key]

    def _decode(self, address: int, size: int, before_bytes: int) -> CodeBlock:
        encoded = self.bytes_of(address, size)
        row = decode(self.bytes_of(address - before_bytes, before_bytes + size), address - before_bytes)
        instructions = tuple(one for one in row if one.address >= address)
        for one in instructions:
            # Unicorn's Cortex-M3 executes DSP instructions, so they are refused by what they are.
            lacks = lacking_extension(self.core, one.mnemonic, one.size)
            if lacks:
                raise UnsupportedError(
                    f"{one.text!r} in {self.where(one.address)} needs {lacks}, which {self.core.name} does not have"
                )
        block = Block(address, size, self.function_at(address), instructions)
        moves = moves_of(block, encoded)
        return CodeBlock(block, encoded, moves, _sites(block, encoded, moves, _terminates_early(self.core)))


class Code(DecodedCode):
    """The firmware as it lies in flash."""

    def __init__(self, core: Core, firmware: Firmware, address: int, image: bytes) -> None:
        """`image` is the firmware relocated to `address`."""
        super().__init__(core)
        self.firmware = firmware
        self.address = address
        self.image = image

    def bytes_of(self, address: int, size: int) -> bytes:
        """Code at an absolute address."""
        start = address - self.address
        if start < 0 or start + size > len(self.image):
            raise EmulationError(f"the code jumps to {address:#010x}, which is not code of the kernels")
        return self.image[start : start + size]

    def function_at(self, address: int) -> str:
        """The function that an absolute address lies in; the address in words where that is not known."""
        function = self.firmware.function_at(address - self.address)
        return function.name if function else f"{address:#010x}"

    def where(self, address: int) -> str:
        """An absolute address of code for the user: address, function and source line as far as known."""
        offset = address - self.address
        function = self.firmware.function_at(offset)
        line = self.firmware.source_line(offset)
        name = f"{function.name} at {address:#010x}" if function else f"{address:#010x}"
        return f"{name} ({line})" if line else name


def executed_blocks(code: DecodedCode, rows: Rows) -> dict[int, CodeBlock]:
    """The blocks of the edges seen, by key, in order of address and size."""
    before = {}
    for previous, key in rows[:, [observer.EDGE_PREVIOUS, observer.EDGE_BLOCK]].tolist():
        address = key & 0xFFFFFFFF
        goes_on = previous != observer.NO_BLOCK and (previous & 0xFFFFFFFF) + size_of(previous) == address
        if goes_on and observer.is_cut(address):
            before[key] = previous
        else:
            before.setdefault(key, None)
    return {key: code.block(key, before[key]) for key in sorted(before, key=lambda key: (key & 0xFFFFFFFF, key >> 32))}


@dataclass(frozen=True, slots=True)
class Wholes:
    """Blocks as they are without the emulator's pages, in order of address and size.

    `edges` are (index of the previous block, −1 for none, index of the block, count); `pieces` are the emulator's
    blocks by key, and `index` tells which block one of them is, or is a piece of.
    """

    blocks: tuple[Block, ...]
    edges: tuple[Edge, ...]
    pieces: Mapping[int, CodeBlock]
    index: Mapping[int, int]


def wholes(code: DecodedCode, rows: Rows) -> Wholes:
    """The blocks of the edges seen, each with what the emulator cut off at a page's end."""
    pieces = executed_blocks(code, rows)
    columns = [observer.EDGE_PREVIOUS, observer.EDGE_BLOCK, observer.EDGE_COUNT]
    edges = [(previous, key, count) for previous, key, count in rows[:, columns].tolist()]
    entered = Counter[int]()
    for _, key, count in edges:
        entered[key] += count
    # What goes on behind which block: that one leads nowhere else.
    goes_on = {
        previous: key
        for previous, key, count in edges
        if behind(key) and not pieces[previous].ends_by_branch and count == entered[previous] == entered[key]
    }
    first = {key: key for key in pieces}  # piece → the first piece of its block
    for key in sorted(goes_on, key=behind):
        first[goes_on[key]] = first[key]
    found: dict[int, Block] = {}
    for key in sorted(pieces, key=behind):
        block, start = pieces[key].block, found.get(first[key])
        found[first[key]] = _extended(start, block) if start else block
    # Behind a branch it is the block that any other way leads to as well.
    placed = {key: (found[first[key]].address, found[first[key]].size) for key in pieces}
    blocks = {placed[key]: found[first[key]] for key in pieces}
    order = {place: number for number, place in enumerate(sorted(blocks))}
    index = {key: order[placed[key]] for key in pieces}
    counts = Counter[tuple[int, int]]()
    for previous, key, count in edges:
        if goes_on.get(previous) != key:
            counts[index.get(previous, -1), index[key]] += count
    whole = tuple(blocks[place] for place in order)
    by_size = [-1, *(block.size << 32 | block.address for block in whole)]  # as the hooks' counts are in order
    ways = sorted(counts, key=lambda way: (by_size[way[0] + 1], by_size[way[1] + 1]))
    return Wholes(whole, tuple(Edge(*way, counts[way]) for way in ways), pieces, index)


def _extended(block: Block, piece: Block) -> Block:
    """A block with the piece that goes on behind it."""
    return replace(block, size=block.size + piece.size, instructions=(*block.instructions, *piece.instructions))


def missing_sites(blocks: Iterable[CodeBlock], known: Collection[int]) -> tuple[Site, ...]:
    """The sites of the blocks at addresses that are not `known`, one of each address."""
    found = {site.address: site for block in blocks for site in block.sites if site.address not in known}
    return tuple(found[address] for address in sorted(found))


def recorded_sites(seen: CodeBlock) -> tuple[Site, ...]:
    """What recording follows in a block: what counting does, and the address of every access but literal loads."""
    sites = {site.address: site for site in seen.sites}
    for one in seen.block.instructions:
        place = addressing(one)
        if place is None or (place.base is None and place.index is None):
            continue
        site = sites.get(one.address, Site(one.address, observer.NO_DIVIDE))
        sites[one.address] = replace(
            site,
            kind=site.kind | observer.ACCESSES,
            base=observer.NO_REGISTER if place.base is None else place.base,
            index=observer.NO_REGISTER if place.index is None else place.index,
            shift=place.shift,
            offset=place.offset,
        )
    return tuple(sites.values())


def build_trace(
    core: Core,
    whole: Wholes,
    counts: Counts,
    sites: Mapping[int, int],
    entry: str,
    stack: tuple[int, int],
    stop: int,
) -> Trace:
    """The trace of what was counted; `whole` are the blocks of its edges.

    `sites`: the number of the site at each address; `stack`: the stack's top, and SP at the call. The last block
    has no instructions and stands for what follows at `stop` (a call's return), so that the edge out of the code
    counts.
    """
    instructions = {one.address: one for block in whole.blocks for one in block.instructions}
    terminates_early = _terminates_early(core)
    top, first_sp = stack
    unknown = {move.behind for seen in whole.pieces.values() for move in seen.moves if move.change_bytes is None}
    read = {address: int(counts.lowest_sp[sites[address]]) for address in unknown if address in sites}
    return Trace(
        entry=entry,
        blocks=(*whole.blocks, Block(stop, 0, entry, ())),
        edges=(*whole.edges, Edge(whole.index[counts.last_block], len(whole.blocks), 1)),
        executed={
            address: int(counts.executions[sites[address]])
            for address, one in sorted(instructions.items())
            if _is_predicated(one)
        },
        divides={
            address: counts.operands.get(sites[address], {})
            for address, one in sorted(instructions.items())
            if one.mnemonic in DIVIDES or (one.mnemonic in LONG_MULTIPLIES and terminates_early)
        },
        stack_bytes=top - min(first_sp, _lowest_sp(whole.pieces, counts.edges, read)),
        memory="zero_wait",
    )


def _is_predicated(one: Instruction) -> bool:
    """Whether to count how often the instruction's condition passed."""
    is_long = one.access is not None or one.mnemonic in DIVIDES or one.mnemonic.startswith(LONG_MNEMONICS)
    return one.in_it_block and is_long


def _terminates_early(core: Core) -> bool:
    """Whether long multiplies of a core take cycles that depend on their operands: those of more than one do."""
    return any(core.timings[name].cycles > 1 for name in LONG_MULTIPLIES if name in core.timings)


def _sites(block: Block, encoded: bytes, moves: Iterable[Move], terminates_early: bool) -> tuple[Site, ...]:
    """What has to be counted one by one in a block.

    Divides, and long multiplies that terminate early, for their operands; predicated instructions, for how often
    their condition passed; and what follows a change of SP that cannot be told from its bits (at the block's end the
    next block's entry tells).
    """
    unknown = {move.behind for move in moves if move.change_bytes is None}
    sites = []
    for one in block.instructions:
        sp = observer.READS_SP if one.address in unknown else 0
        if one.mnemonic in DIVIDES:  # Rn in the first halfword, Rm in the second (DDI 0403E, A7.7.127)
            kind = observer.SIGNED_DIVIDE if one.mnemonic == "sdiv" else observer.UNSIGNED_DIVIDE
            offset = one.address - block.address
            sites.append(Site(one.address, kind | sp, (encoded[offset] & 0xF, encoded[offset + 2] & 0xF)))
        elif one.mnemonic in LONG_MULTIPLIES and terminates_early:  # likewise
            kind = observer.SIGNED_MULTIPLY if one.mnemonic[0] == "s" else observer.UNSIGNED_MULTIPLY
            offset = one.address - block.address
            sites.append(Site(one.address, kind | sp, (encoded[offset] & 0xF, encoded[offset + 2] & 0xF)))
        elif _is_predicated(one) or sp:
            sites.append(Site(one.address, sp))
    return tuple(sites)


def _lowest_sp(blocks: Mapping[int, CodeBlock], rows: Rows, read: Mapping[int, int]) -> int:
    """The lowest SP in the blocks that move it or follow one that does; HIGHEST_SP if none does."""
    entries = rows[rows[:, observer.EDGE_READS_SP] != 0][:, [observer.EDGE_BLOCK, observer.EDGE_LOWEST_SP]].tolist()
    return min((lowest_sp(sp, blocks[key].moves, read) for key, sp in entries), default=observer.HIGHEST_SP)
