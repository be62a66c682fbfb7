"""The bytes of DWARF's .debug_info and its strings → what compiled each unit, with its flags (DW_AT_producer)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from mcusim.debug_line import uleb128

# DWARF 5 standard, sections 7.5.1, 7.5.4 to 7.5.6.
UNIT_COMPILE = 1
AT_NAME, AT_PRODUCER = 0x03, 0x25
FORM_STRING, FORM_STRP, FORM_LINE_STRP = 0x08, 0x0E, 0x1F
FORM_IMPLICIT_CONST = 0x21
NUMBERS = frozenset({0x0D, 0x0F, 0x15, 0x1A, 0x1B})  # LEB128 numbers: sdata, udata, ref_udata, strx, addrx
FIXED_FORM_BYTES: Mapping[int, int] = {
    0x01: 4,  # addr of 32-bit Arm
    0x05: 2,
    0x06: 4,
    0x07: 8,
    0x0B: 1,
    0x0C: 1,
    0x10: 4,
    0x11: 1,
    0x12: 2,
    0x13: 4,
    0x14: 8,
    0x17: 4,
    0x19: 0,
    0x1E: 16,
    0x25: 1,
    0x26: 2,
    0x27: 3,
    0x28: 4,
    0x29: 1,
    0x2A: 2,
    0x2B: 3,
    0x2C: 4,
}
LIBRARIES = ("newlib/", "picolibc/", "libgcc/")  # in the paths of the C library's and the compiler's sources
ASSEMBLER = "GNU AS"
MAX_UNITS = 8192
MAX_TEXT_BYTES = 4096
MAX_ABBREVIATIONS = 4096  # passed over on the way to a unit's first entry


@dataclass(frozen=True, slots=True)
class DebugInfo:
    """The contents of .debug_info, .debug_abbrev, .debug_str and .debug_line_str, empty where a file has none."""

    info: bytes
    abbrev: bytes
    str: bytes
    line_str: bytes


def producers(sections: DebugInfo) -> tuple[str, ...]:
    """DW_AT_producer of the units that have it, in order, up to the first byte that makes no sense.

    Units of the compiler's and the C library's own, and of assembly, are left out.
    """
    found: list[str] = []
    at = 0
    try:
        while at + 4 <= len(sections.info) and len(found) < MAX_UNITS:
            end = at + 4 + int.from_bytes(sections.info[at : at + 4], "little")
            if end > len(sections.info):
                break
            producer = _producer(sections.info[at:end], sections)
            if producer:
                found.append(producer)
            at = end
    except (IndexError, ValueError, struct.error):
        pass
    return tuple(found)


def _producer(unit: bytes, sections: DebugInfo) -> str | None:
    """The producer of a unit's first entry, which describes the unit; None where there is none that counts."""
    (version,) = struct.unpack_from("<H", unit, 4)
    if version == 5:
        kind, _, abbrev_at = struct.unpack_from("<BBI", unit, 6)
        at = 12
        if kind != UNIT_COMPILE:
            return None
    elif 2 <= version <= 4:
        (abbrev_at,) = struct.unpack_from("<I", unit, 6)
        at = 11
    else:
        return None
    code, at = uleb128(unit, at)
    texts: dict[int, str | None] = {}
    for attribute, form in _attributes(sections.abbrev, abbrev_at, code):
        if attribute in (AT_NAME, AT_PRODUCER):
            texts[attribute] = _text(unit, at, form, sections)
        if len(texts) == 2:
            break
        at = _behind(unit, at, form)
    producer, name = texts.get(AT_PRODUCER), texts.get(AT_NAME) or ""
    is_foreign = any(folder in name for folder in LIBRARIES) or (producer or "").startswith(ASSEMBLER)
    return None if is_foreign else producer


def _attributes(abbrev: bytes, at: int, code: int) -> list[tuple[int, int]]:
    """(attribute, form) of an abbreviation in the table that begins at an offset."""
    for _ in range(MAX_ABBREVIATIONS):
        number, at = uleb128(abbrev, at)
        if number == 0:
            break
        _, at = uleb128(abbrev, at)
        at += 1  # whether it has children
        found = []
        while True:
            attribute, at = uleb128(abbrev, at)
            form, at = uleb128(abbrev, at)
            if form == FORM_IMPLICIT_CONST:
                _, at = uleb128(abbrev, at)
            if attribute == form == 0:
                break
            found.append((attribute, form))
        if number == code:
            return found
    raise ValueError("an abbreviation is missing")


def _text(unit: bytes, at: int, form: int, sections: DebugInfo) -> str | None:
    if form == FORM_STRING:
        strings = unit
    elif form in (FORM_STRP, FORM_LINE_STRP):
        strings = sections.str if form == FORM_STRP else sections.line_str
        (at,) = struct.unpack_from("<I", unit, at)
    else:
        return None
    return strings[at : strings.index(b"\0", at, at + MAX_TEXT_BYTES)].decode("utf-8", "replace")


def _behind(unit: bytes, at: int, form: int) -> int:
    """The offset behind a value."""
    if form == FORM_STRING:
        return unit.index(b"\0", at) + 1
    if form in (FORM_STRP, FORM_LINE_STRP):
        return at + 4
    if form == FORM_IMPLICIT_CONST:
        return at
    if form in NUMBERS:
        return uleb128(unit, at)[1]
    if form == 0x18:  # exprloc
        size, at = uleb128(unit, at)
        return at + size
    return at + FIXED_FORM_BYTES[form] if form in FIXED_FORM_BYTES else len(unit)
