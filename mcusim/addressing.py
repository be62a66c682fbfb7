"""Decoded loads and stores → how their data address comes from registers and constants."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcusim.trace import Instruction

_REGISTERS = {f"r{number}": number for number in range(13)} | {
    "sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15,
}  # fmt: skip
_INSIDE = re.compile(r"\[(\w+)(?:, (-?)(\w+)(?:, lsl #(\w+))?|, #(-?\w+))?\](!?)")
_DESCENDING = re.compile(r"v?push|v?stmdb|v?ldmdb|v?stmfd|v?ldmea")
PC = 15


@dataclass(frozen=True, slots=True)
class Addressing:
    """The lowest address that an access touches: base + (index << shift) + offset, registers by number.

    `base` is None where the address is known from the code alone, or where only an index counts (TBB, TBH).
    """

    base: int | None
    index: int | None
    shift: int
    offset: int


def addressing(instruction: Instruction) -> Addressing | None:
    """How the data address of an instruction arises; None for one that accesses no memory, or in no known way."""
    if instruction.access is None:
        return None
    text = instruction.text
    if "[" in text:
        return _bracketed(instruction, text)
    name, _, operands = text.partition(" ")
    stack = name.startswith(("push", "pop", "vpush", "vpop"))
    register = "sp" if stack else operands.partition(",")[0].rstrip("! ")
    if register not in _REGISTERS:
        return None
    below = instruction.access.bytes if _DESCENDING.match(name) else 0
    return Addressing(_REGISTERS[register], None, 0, -below)


def _bracketed(instruction: Instruction, text: str) -> Addressing | None:
    match = _INSIDE.search(text)
    if match is None or match[1] not in _REGISTERS:
        return None
    base, offset = _REGISTERS[match[1]], int(match[5], 0) if match[5] else 0
    index = _REGISTERS.get(match[3]) if match[3] else None
    shift = int(match[4], 0) if match[4] else 1 if instruction.mnemonic == "tbh" else 0
    if base != PC:
        return Addressing(base, index, shift, offset)
    # PC reads as the instruction's address + 4, for literals rounded down to a word (DDI 0403E, A4.2.2).
    here = instruction.address + 4
    return Addressing(None, index, shift, here if index is not None else (here & ~3) + offset)
