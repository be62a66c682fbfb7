"""The bytes of an ELF, Intel HEX or raw binary file → Image: what lies where, symbols, source lines."""

from __future__ import annotations

import hashlib
import os
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar

from mcusim import archive, debug_line
from mcusim.build_attributes import BuildAttributes, parse_build_attributes
from mcusim.debug_line import DebugLine
from mcusim.elf import MAX_ENTRIES, SHF_COMPRESSED, SHN_UNDEF, Section, container, read_bounded, sections_of, string_at
from mcusim.errors import BadInputError
from mcusim.symbols import FUNCTION, LOCAL, OBJECT, Entry, Symbol, content_at

Parsed = TypeVar("Parsed")

ELF_HEADER_BYTES = 52
EXPECTED = "firmware (ELF, Intel HEX or raw binary)"
MAX_BYTES = 64 << 20  # of all segments
ADDRESS_SPACE_BYTES = 1 << 32
MAX_HEX_RECORD_BYTES = 255

# Intel HEX record types (Intel Hexadecimal Object File Format Specification, revision A, 1988).
DATA, END_OF_FILE, SEGMENT, START_SEGMENT, LINEAR, START_LINEAR = range(6)


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes to load at `address`; `run_address` is where code expects them, `memory_bytes` how much it takes there."""

    address: int
    data: bytes
    run_address: int
    memory_bytes: int

    @property
    def end(self) -> int:
        """Address behind the last byte loaded."""
        return self.address + len(self.data)


@dataclass(frozen=True)
class Image:
    """A bare-metal program.

    `symbols`: functions and objects in order of address, apart; `entry`: where the file says that execution begins;
    `isa`, `float_abi`: as its build attributes say, None where it has none.
    """

    name: str
    kind: Literal["elf", "hex", "bin"]
    sha256: str
    segments: tuple[Segment, ...]
    entry: int | None
    isa: str | None
    float_abi: Literal["soft", "hard"] | None
    symbols: tuple[Symbol, ...]
    function_addresses: frozenset[int]
    lines: DebugLine

    @cached_property
    def functions(self) -> dict[str, Symbol]:
        """Functions by name; of several of one name the first."""
        found: dict[str, Symbol] = {}
        for symbol in self.symbols:
            if symbol.address in self.function_addresses:
                found.setdefault(symbol.name, symbol)
        return found

    @cached_property
    def objects(self) -> dict[str, Symbol]:
        """Everything with a name."""
        found: dict[str, Symbol] = {}
        for symbol in self.symbols:
            found.setdefault(symbol.name, symbol)
        return found

    def function_at(self, address: int) -> Symbol | None:
        """The function that holds the byte at an address."""
        symbol = content_at(self.symbols, address)
        return symbol if symbol is not None and symbol.address in self.function_addresses else None

    def source_line(self, address: int) -> str | None:
        """File and line of the instruction at an address, None where unknown."""
        function = self.function_at(address)
        return debug_line.source_line(self.lines, address, function.end if function else address + 1)

    def where(self, address: int) -> str:
        """An address of code for the user: address, function and source line as far as known."""
        function, line = self.function_at(address), self.source_line(address)
        name = f"{function.name} at {address:#010x}" if function else f"{address:#010x}"
        return f"{name} ({line})" if line else name

    def word(self, address: int) -> int | None:
        """The word that is loaded at an address, None where nothing is."""
        position = bisect_right(self.segments, address, key=lambda one: one.address) - 1
        if position < 0 or address + 4 > self.segments[position].end:
            return None
        (value,) = struct.unpack_from("<I", self.segments[position].data, address - self.segments[position].address)
        return int(value)


def load_image(path: str | os.PathLike[str], base: int | None) -> Image:
    """Read a program; `base` is where a raw binary lies, None where that is not known.

    Raises BadInputError, in one sentence, for a file that is none; it is not trusted.
    """
    return parse_image(read_bounded(Path(path), EXPECTED), Path(path).name, base)


def whole_elf(parse: Callable[[bytes, str], Parsed], data: bytes, name: str) -> Parsed:
    """What a parser makes of an ELF file; BadInputError for whatever it raises: that is what the bytes make of it."""
    try:
        return parse(data, name)
    except BadInputError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0][:120] or type(error).__name__
        raise BadInputError(f"{name} is a damaged ELF file ({reason}); build the firmware again") from error


def parse_image(data: bytes, name: str, base: int | None = None) -> Image:
    """`load_image` of a file's bytes; `name` stands in refusals."""
    if data[:4] == b"\x7fELF":
        return whole_elf(_parse_elf, data, name)
    if data.lstrip()[:1] == b":":
        return _parse_hex(data, name)
    if not data:
        raise BadInputError(f"{name} is empty; {EXPECTED} is expected")
    if archive.is_archive(data):
        raise BadInputError(f"{name} is a static archive of object files, no program; link it to one ({EXPECTED})")
    if base is None:
        raise BadInputError(f"{name} is neither ELF nor Intel HEX; for a raw binary say with --base where it lies")
    return _plain(data, name, "bin", [(base, data)], None)


def _parse_elf(data: bytes, name: str) -> Image:
    check_length(data, name)
    elf = container(data, name)
    sections = sections_of(elf, data)
    attributes = _attributes(sections, name)
    symbols = symbols_of(sections)
    debug = {one.name: one.content for one in sections if not one.flags & SHF_COMPRESSED}
    segments = []
    for header in (segment.header for segment in elf.iter_segments("PT_LOAD")):
        if header.p_filesz > header.p_memsz or header.p_offset + header.p_filesz > len(data):
            raise ValueError("a segment goes on behind the end of the file")
        content = data[header.p_offset : header.p_offset + header.p_filesz]
        segments.append(Segment(header.p_paddr, content, header.p_vaddr, header.p_memsz))
    for one in segments:
        if one.run_address + one.memory_bytes > ADDRESS_SPACE_BYTES:
            raise BadInputError(f"{name} has a segment behind the end of the 32-bit address space")
    return Image(
        name=name,
        kind="elf",
        sha256=hashlib.sha256(data).hexdigest(),
        segments=_checked(segments, name),
        entry=int(elf.header.e_entry) or None,
        isa=attributes.isa if attributes else None,
        float_abi=attributes.float_abi if attributes else None,
        symbols=contents(symbols),
        function_addresses=frozenset(one.address for one in symbols if one.type == FUNCTION),
        lines=DebugLine(bytes(debug.get(".debug_line", b"")), bytes(debug.get(".debug_line_str", b""))),
    )


def check_length(data: bytes, name: str) -> None:
    """Refuse a file that ends before what its headers tell of, as an interrupted copy does."""
    if len(data) < ELF_HEADER_BYTES or data[4] != 1:
        return  # refused by what it is
    segments_at, sections_at = struct.unpack_from("<II", data, 28)
    segment_bytes, segments, section_bytes, sections = struct.unpack_from("<4H", data, 42)
    needed = max(segments_at + segment_bytes * segments, sections_at + section_bytes * sections)
    for number in range(segments if segments_at + segment_bytes * segments <= len(data) else 0):
        _, offset, _, _, in_file = struct.unpack_from("<5I", data, segments_at + segment_bytes * number)
        needed = max(needed, offset + in_file)
    if needed > len(data):
        raise BadInputError(
            f"{name} is cut short: its headers tell of {needed:,} bytes, the file has {len(data):,}; copy or build it "
            "again"
        )


def _plain(
    data: bytes, name: str, kind: Literal["hex", "bin"], pieces: Iterable[tuple[int, bytes]], entry: int | None
) -> Image:
    segments = [Segment(address, content, address, len(content)) for address, content in pieces]
    digest = hashlib.sha256(data).hexdigest()
    nothing: frozenset[int] = frozenset()
    return Image(name, kind, digest, _checked(segments, name), entry, None, None, (), nothing, DebugLine(b"", b""))


def _checked(segments: Iterable[Segment], name: str) -> tuple[Segment, ...]:
    """The segments in order of address, refused where they overlap, do not fit or are too much."""
    ordered = sorted(segments, key=lambda one: one.address)
    loaded = [one for one in ordered if one.data]
    if not loaded:
        raise BadInputError(f"{name} loads nothing")
    if sum(len(one.data) for one in loaded) > MAX_BYTES:
        raise BadInputError(f"{name} loads more than {MAX_BYTES >> 20} MB, more than any Cortex-M has")
    for one in loaded:
        if one.address < 0 or one.end > ADDRESS_SPACE_BYTES:
            raise BadInputError(f"{name} loads bytes at {one.end:#x}, behind the end of the 32-bit address space")
    for before, after in pairwise(loaded):
        if before.end > after.address:
            raise BadInputError(f"{name} has segments that overlap at {after.address:#010x}")
    return tuple(loaded)


def _attributes(sections: Sequence[Section], name: str) -> BuildAttributes | None:
    for section in sections:
        if section.type == "SHT_ARM_ATTRIBUTES":
            attributes = parse_build_attributes(bytes(section.content))
            if attributes.isa is None:
                raise BadInputError(f"{name} is not built for a Cortex-M (its build attributes name another profile)")
            return attributes
    return None


def symbols_of(sections: Sequence[Section]) -> list[Entry]:
    """Functions and objects of all symbol tables, with absolute addresses."""
    entries = []
    for table in sections:
        if table.type != "SHT_SYMTAB":
            continue
        if len(table.content) > 16 * MAX_ENTRIES:
            raise ValueError("a symbol table of unreasonable size")
        strings = sections[table.link].content
        for name, value, size, info, _, section in struct.iter_unpack("<IIIBBH", table.content):
            kind = info & 0xF
            if kind not in (FUNCTION, OBJECT) or section == SHN_UNDEF:
                continue
            address = value & ~1 if kind == FUNCTION else value
            entries.append(Entry(string_at(strings, name), address, size, kind, info >> 4, True))
    return entries


def contents(entries: Iterable[Entry]) -> tuple[Symbol, ...]:
    """Functions and objects in order of address, apart: of several at one address the global one with a size.

    One without a size (assembly) goes on to the next, for at most a page; one that overlaps the next is cut.
    """
    chosen: dict[int, Entry] = {}
    for entry in sorted(entries, key=lambda one: (one.type != FUNCTION, one.binding == LOCAL, not one.bytes, one.name)):
        chosen.setdefault(entry.address, entry)
    starts = sorted(chosen)
    found = []
    for start, limit in zip(starts, [*starts[1:], ADDRESS_SPACE_BYTES], strict=False):
        end = start + (chosen[start].bytes or 4096)
        found.append(Symbol(chosen[start].name, start, min(end, limit) - start))
    return tuple(found)


def _parse_hex(data: bytes, name: str) -> Image:
    """Intel HEX: records of a colon, count, address, type, bytes and a checksum that makes their sum 0."""
    upper = 0
    entry: int | None = None
    pieces: list[tuple[int, bytearray]] = []
    total = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.strip()
        if not text:
            continue
        kind, address, content = _record(text, f"{name}, line {number}")
        if kind == END_OF_FILE:
            break
        if kind == DATA:
            at = upper + address
            total += len(content)
            if total > MAX_BYTES:
                raise BadInputError(f"{name} loads more than {MAX_BYTES >> 20} MB, more than any Cortex-M has")
            if pieces and pieces[-1][0] + len(pieces[-1][1]) == at:
                pieces[-1][1].extend(content)
            else:
                pieces.append((at, bytearray(content)))
        elif kind in (SEGMENT, LINEAR) and len(content) == 2:
            upper = int.from_bytes(content, "big") << (4 if kind == SEGMENT else 16)
        elif kind == START_LINEAR and len(content) == 4:
            entry = int.from_bytes(content, "big")
        elif kind != START_SEGMENT or len(content) != 4:
            raise BadInputError(f"{name}, line {number}: record type {kind} with {len(content)} bytes is unknown")
    else:
        raise BadInputError(f"{name} has no end-of-file record; it is cut short")
    return _plain(data, name, "hex", [(address, bytes(content)) for address, content in pieces], entry)


def _record(text: bytes, place: str) -> tuple[int, int, bytes]:
    """Type, address and content of one record."""
    if text[:1] != b":" or len(text) > 2 * (MAX_HEX_RECORD_BYTES + 5) + 1:
        raise BadInputError(f"{place}: expected a record that starts with a colon")
    try:
        record = bytes.fromhex(text[1:].decode("ascii"))
    except ValueError:
        raise BadInputError(f"{place}: expected pairs of hexadecimal digits") from None
    if len(record) < 5 or len(record) != record[0] + 5:
        raise BadInputError(f"{place}: the record's length is not the one it states")
    if sum(record) & 0xFF:
        raise BadInputError(f"{place}: the checksum is wrong; the file is damaged")
    return record[3], int.from_bytes(record[1:3], "big"), record[4:-1]
