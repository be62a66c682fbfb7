"""Relocations of a linked Thumb image → what refers to what, and the image as it reads at another address."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

# ELF for the Arm Architecture (AAELF32), section 5.6: codes of the relocations that kernels contain.
R_ARM_NONE = 0
R_ARM_ABS32 = 2
R_ARM_REL32 = 3
R_ARM_THM_CALL = 10
R_ARM_THM_PC8 = 11
R_ARM_THM_JUMP24 = 30
R_ARM_TARGET1 = 38
R_ARM_V4BX = 40
R_ARM_PREL31 = 42
R_ARM_THM_MOVW_ABS_NC = 47
R_ARM_THM_MOVT_ABS = 48
R_ARM_THM_JUMP19 = 51
R_ARM_THM_ALU_PREL_11_0 = 53
R_ARM_THM_PC12 = 54
R_ARM_THM_JUMP11 = 102
R_ARM_THM_JUMP8 = 103

WORDS = frozenset({R_ARM_ABS32, R_ARM_TARGET1})
LONG_BRANCHES = frozenset({R_ARM_THM_CALL, R_ARM_THM_JUMP24})
# Relative to the place, with a symbol that is the target itself.
TO_SYMBOL = frozenset(
    {R_ARM_REL32, R_ARM_THM_PC8, R_ARM_THM_ALU_PREL_11_0, R_ARM_THM_PC12, R_ARM_THM_JUMP11, R_ARM_THM_JUMP8}
)
NO_REFERENCE = frozenset({R_ARM_NONE, R_ARM_V4BX, R_ARM_PREL31})


@dataclass(frozen=True, slots=True)
class Relocation:
    """One relocation kept by the linker; `value` is its symbol's, `moves` whether the symbol moves with the image."""

    offset: int
    type: int
    value: int
    moves: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """`references`: (from, to) offsets, bit 0 cleared; `words` and `pairs` (MOVW, MOVT) hold absolute addresses."""

    references: tuple[tuple[int, int], ...]
    words: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]


def resolve(image: bytes, relocations: Sequence[Relocation]) -> Resolution:
    """Find the targets of all relocations of an image linked at 0.

    Raises ValueError at a type that kernels do not contain, and at a MOVT without its MOVW.
    """
    references: list[tuple[int, int]] = []
    words: list[int] = []
    pairs: list[tuple[int, int]] = []
    halves: dict[tuple[int, int], int] = {}  # the last MOVW of each (register, symbol)
    for one in sorted(relocations, key=lambda relocation: relocation.offset):
        if one.type in NO_REFERENCE or not one.moves:
            continue
        if one.offset + (2 if one.type in (R_ARM_THM_JUMP11, R_ARM_THM_JUMP8, R_ARM_THM_PC8) else 4) > len(image):
            raise ValueError(f"a relocation at {one.offset:#x} lies outside the image")
        if one.type in WORDS:
            words.append(one.offset)
            target = int.from_bytes(image[one.offset : one.offset + 4], "little")
        elif one.type in LONG_BRANCHES:
            target = _long_branch(image, one.offset)
        elif one.type == R_ARM_THM_JUMP19:
            target = _conditional_branch(image, one.offset)
        elif one.type == R_ARM_THM_MOVW_ABS_NC:
            halves[_register(image, one.offset), one.value] = one.offset
            continue
        elif one.type == R_ARM_THM_MOVT_ABS:
            low = halves.get((_register(image, one.offset), one.value))
            if low is None:
                raise ValueError(f"the MOVT at {one.offset:#x} has no MOVW before it")
            pairs.append((low, one.offset))
            target = _immediate(image, one.offset) << 16 | _immediate(image, low)
        elif one.type in TO_SYMBOL:
            target = one.value
        else:
            raise ValueError(f"relocation type {one.type} at {one.offset:#x} is not known")
        references.append((one.offset, target & ~1))
    return Resolution(tuple(references), tuple(words), tuple(pairs))


def move(image: bytes, resolution: Resolution, base_address: int) -> bytes:
    """The image, linked at 0, as it reads at `base_address`."""
    moved = bytearray(image)
    for offset in resolution.words:
        value = int.from_bytes(image[offset : offset + 4], "little")
        struct.pack_into("<I", moved, offset, (value + base_address) & 0xFFFFFFFF)
    for low, high in resolution.pairs:
        address = (_immediate(image, high) << 16 | _immediate(image, low)) + base_address
        _set_immediate(moved, low, address & 0xFFFF)
        _set_immediate(moved, high, address >> 16 & 0xFFFF)
    return bytes(moved)


def _halfwords(image: bytes, offset: int) -> tuple[int, int]:
    first, second = struct.unpack_from("<HH", image, offset)
    return first, second


def _long_branch(image: bytes, offset: int) -> int:
    """Target of BL and B.W: imm25 = S:I1:I2:imm10:imm11:0 (DDI 0403E, A7.7.12 encoding T4, A7.7.18)."""
    first, second = _halfwords(image, offset)
    sign, j1, j2 = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
    upper = sign << 24 | (1 - (j1 ^ sign)) << 23 | (1 - (j2 ^ sign)) << 22
    distance = upper | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
    return (offset + 4 + distance - (sign << 25)) & 0xFFFFFFFF


def _conditional_branch(image: bytes, offset: int) -> int:
    """Target of B<c>.W: imm21 = S:J2:J1:imm6:imm11:0 (DDI 0403E, A7.7.12 encoding T3)."""
    first, second = _halfwords(image, offset)
    sign, j1, j2 = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
    distance = sign << 20 | j2 << 19 | j1 << 18 | (first & 0x3F) << 12 | (second & 0x7FF) << 1
    return (offset + 4 + distance - (sign << 21)) & 0xFFFFFFFF


def _register(image: bytes, offset: int) -> int:
    return image[offset + 3] & 0x0F


def _immediate(image: bytes, offset: int) -> int:
    """The imm4:i:imm3:imm8 of MOVW and MOVT (DDI 0403E, A7.7.76 encoding T3, A7.7.79)."""
    first, second = _halfwords(image, offset)
    return (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF


def _set_immediate(image: bytearray, offset: int, value: int) -> None:
    first, second = _halfwords(bytes(image[offset : offset + 4]), 0)
    first = first & ~0x040F | value >> 12 | (value >> 11 & 1) << 10
    second = second & ~0x70FF | (value >> 8 & 7) << 12 | value & 0xFF
    struct.pack_into("<HH", image, offset, first, second)
