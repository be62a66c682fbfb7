"""Decoded blocks and SP at their entry → how they move SP, and the lowest it gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcusim.observer import NO_CHANGE, UNKNOWN_CHANGE, sp_change
from mcusim.trace import Block


@dataclass(frozen=True, slots=True)
class Move:
    """A change of SP inside a block: by how many bytes, None where only execution tells, and the address behind it."""

    change_bytes: int | None
    behind: int


def moves_of(block: Block, code: bytes) -> tuple[Move, ...]:
    """Changes of SP in a block with these bytes, in order.

    One that lowers SP under a condition is not known: it may not have happened.
    """
    moves = []
    for instruction in block.instructions:
        offset = instruction.address - block.address
        encoded = code[offset : offset + instruction.size]
        change = sp_change(int.from_bytes(encoded[:2], "little"), int.from_bytes(encoded[2:], "little"))
        if change != NO_CHANGE:
            is_unknown = change == UNKNOWN_CHANGE or (change < 0 and instruction.in_it_block)
            moves.append(Move(None if is_unknown else change, instruction.address + instruction.size))
    return tuple(moves)


def lowest_sp(entry_sp: int, moves: Iterable[Move], read: Mapping[int, int]) -> int:
    """The lowest SP in a block that is entered with `entry_sp`.

    `read`: the lowest SP seen at addresses behind changes that are not known, apart from one at the block's end.
    """
    lowest = entry_sp
    sp: int | None = entry_sp
    for move in moves:
        if move.change_bytes is None:
            sp = read.get(move.behind)
        elif sp is not None:
            sp += move.change_bytes
        if sp is not None:
            lowest = min(lowest, sp)
    return lowest
