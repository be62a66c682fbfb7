"""A linked firmware's ELF file or GNU ld map → FirmwareMemory: sections with addresses, named objects, symbols."""

from __future__ import annotations

import os
import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcusim.elf import (
    MAX_ENTRIES,
    SHF_ALLOC,
    SHF_WRITE,
    SHN_UNDEF,
    Section,
    container,
    read_bounded,
    sections_of,
    string_at,
)
from mcusim.errors import BadInputError
from mcusim.images import check_length, whole_elf
from mcusim.symbols import FUNCTION, OBJECT

EXPECTED = "a firmware's ELF file, or the map file of GNU ld"
ADDRESS_SPACE_BYTES = 1 << 32
MAX_LINES = 4_000_000  # of a map; that of a large firmware has a few hundred thousand
MAX_SECTIONS = 512  # that take memory; a firmware has a few dozen at most
HEADING, END = "Linker script and memory map", "\nOUTPUT("
MEMORY_SYMBOLS = frozenset(
    (
        *("__StackTop", "__StackLimit", "__stack", "_estack", "_sstack", "__STACK_SIZE", "__stack_size__"),
        *("_Min_Stack_Size", "_Min_Heap_Size", "__HEAP_SIZE", "__heap_size__", "Stack_Size", "Heap_Size"),
        *("__HeapBase", "__HeapLimit", "__heap_start__", "__heap_end__", "_heap_start", "_heap_end"),
    )
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A section of the firmware: where it lies at run time, where its first content is loaded from (None: nowhere)."""

    name: str
    address: int
    bytes: int
    loaded_from: int | None
    is_written: bool

    @property
    def end(self) -> int:
        """Address behind its last byte."""
        return self.address + self.bytes


@dataclass(frozen=True, slots=True)
class NamedObject:
    """A variable or function by its name in the file (mangled in C++): its address and size."""

    name: str
    address: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FirmwareMemory:
    """What a linked firmware takes. `symbols` are the values of those of MEMORY_SYMBOLS that it has.

    `loaded` are the pieces of its content (load address, bytes), none of a map.
    """

    name: str
    kind: Literal["elf", "map"]
    stretches: tuple[Stretch, ...]
    objects: tuple[NamedObject, ...]
    functions: Mapping[str, int]
    symbols: Mapping[str, int]
    loaded: tuple[tuple[int, bytes], ...] = ()


def load_firmware_memory(path: str | os.PathLike[str]) -> FirmwareMemory:
    """Read an ELF file or a map file, told apart by their content. BadInputError, in one sentence, for neither."""
    return parse_firmware_memory(read_bounded(Path(path), EXPECTED), Path(path).name)


def parse_firmware_memory(data: bytes, name: str) -> FirmwareMemory:
    """`load_firmware_memory` of a file's bytes; `name` stands in refusals."""
    if not data.strip():
        raise BadInputError(f"{name} is empty; {EXPECTED} is expected")
    if data[:4] != b"\x7fELF":
        return _parse_map(data, name)
    return whole_elf(_parse_elf, data, name)


def _parse_elf(data: bytes, name: str) -> FirmwareMemory:
    check_length(data, name)
    elf = container(data, name)
    sections = sections_of(elf, data)
    segments = [segment.header for segment in elf.iter_segments("PT_LOAD")]
    for one in segments:
        if one.p_filesz > one.p_memsz or one.p_offset + one.p_filesz > len(data):
            raise ValueError("a segment goes on behind the end of the file")

    def loaded_from(section: Section) -> int | None:
        if section.type == "SHT_NOBITS":
            return None
        for one in segments:
            if one.p_vaddr <= section.address and section.end <= one.p_vaddr + one.p_filesz:
                return int(one.p_paddr + section.address - one.p_vaddr)
        return section.address

    stretches = [
        Stretch(one.name, one.address, one.bytes, loaded_from(one), bool(one.flags & SHF_WRITE))
        for one in sections
        if one.flags & SHF_ALLOC and one.bytes
    ]
    objects, functions, symbols = _symbols(sections)
    return FirmwareMemory(
        name=name,
        kind="elf",
        stretches=_checked(stretches, name),
        objects=objects,
        functions=functions,
        symbols=symbols,
        loaded=tuple((one.p_paddr, data[one.p_offset : one.p_offset + one.p_filesz]) for one in segments),
    )


def _symbols(sections: Sequence[Section]) -> tuple[tuple[NamedObject, ...], dict[str, int], dict[str, int]]:
    """Objects that have a size, sizes of functions by name, and the values of the symbols that tell of memory."""
    objects: dict[int, NamedObject] = {}
    functions: dict[str, int] = {}
    symbols: dict[str, int] = {}
    for table in sections:
        if table.type != "SHT_SYMTAB":
            continue
        if len(table.content) > 16 * MAX_ENTRIES:
            raise ValueError("a symbol table of unreasonable size")
        strings = sections[table.link].content
        for at, value, size, info, _, section in struct.iter_unpack("<IIIBBH", table.content):
            if section == SHN_UNDEF or not at:
                continue
            name = string_at(strings, at)
            if name in MEMORY_SYMBOLS:
                symbols.setdefault(name, value)
            if info & 0xF == OBJECT and size:
                objects.setdefault(value, NamedObject(name, value, size))
            elif info & 0xF == FUNCTION and size:
                functions.setdefault(name, size)
    return tuple(objects[address] for address in sorted(objects)), functions, symbols


def _checked(stretches: Iterable[Stretch], name: str) -> tuple[Stretch, ...]:
    """The sections in order of address, refused where there are none, or too many, or they cannot be."""
    ordered = sorted(stretches, key=lambda one: (one.address, one.end))
    if not ordered:
        raise BadInputError(f"{name} places nothing in memory; {EXPECTED} is expected")
    if len(ordered) > MAX_SECTIONS:
        raise BadInputError(f"{name} has {len(ordered):,} sections; a firmware has at most {MAX_SECTIONS:,}")
    for one in ordered:
        if one.end > ADDRESS_SPACE_BYTES:
            raise BadInputError(
                f"{name}: the section {one.name} goes on to {one.end:#x}, behind the 32-bit address space"
            )
    return tuple(ordered)


# A line of the map: an output section begins in the first column, an input section in the second, a symbol further in.
_FIGURES = r"0x([0-9a-fA-F]{1,16})\s+0x([0-9a-fA-F]{1,16})(?:\s+load address 0x([0-9a-fA-F]{1,16}))?"
_OUTPUT = re.compile(rf"([^\s*(]\S*)\s+{_FIGURES}\s*")
_INPUT = re.compile(rf" ([^\s*(]\S*)\s+{_FIGURES}(?:\s.*)?")
_SYMBOL = re.compile(r" {10,}0x([0-9a-fA-F]{1,16}) +(?:PROVIDE ?\()?([A-Za-z_]\w*)(?: = .*)?")
_NOT_LOADED = re.compile(r"\.(debug|comment|ARM\.attributes|stab|gnu\.(build|attributes|warning)|note\.GNU-stack)")
_UNWRITTEN = re.compile(r"bss|noinit|uninit|heap|stack|common|dummy", re.IGNORECASE)
_INPUT_SECTION = re.compile(r"\.(bss|data|noinit|rodata|text|sbss|sdata|ram\w*|itcm\w*|dtcm\w*)\.(.+)", re.IGNORECASE)


def _parse_map(data: bytes, name: str) -> FirmwareMemory:
    """The sections of a map, from its heading on: what comes before was discarded by the linker."""
    text = data.decode("utf-8", "replace")
    _, found, body = text.partition(HEADING)
    if not found:
        raise BadInputError(
            f'{name} is neither an ELF file nor a map of GNU ld, which has the heading "{HEADING}"; {EXPECTED} is '
            "expected"
        )
    if END not in body:
        raise BadInputError(
            f"{name} is cut short: the map of GNU ld has a line {END.strip()}…) behind its sections; link again"
        )
    outputs: list[Stretch] = []
    objects: dict[int, NamedObject] = {}
    functions: dict[str, int] = {}
    symbols: dict[str, int] = {}
    for line in _whole_lines(body, name):
        if symbol := _SYMBOL.fullmatch(line):
            if symbol[2] in MEMORY_SYMBOLS:
                symbols.setdefault(symbol[2], int(symbol[1], 16))
        elif (output := _OUTPUT.fullmatch(line)) and not _NOT_LOADED.match(output[1]):
            address, size = int(output[2], 16), int(output[3], 16)
            if size:
                has_content = not _UNWRITTEN.search(output[1])
                start = int(output[4], 16) if output[4] else address
                outputs.append(Stretch(output[1], address, size, start if has_content else None, True))
        elif inner := _INPUT.fullmatch(line):
            _add_input(inner[1], int(inner[2], 16), int(inner[3], 16), objects, functions)
    kept = _checked(outputs, name)
    return FirmwareMemory(
        name=name,
        kind="map",
        stretches=kept,
        objects=tuple(one for one in sorted(objects.values(), key=lambda one: one.address) if _lies_in(kept, one)),
        functions=functions,
        symbols=symbols,
    )


def _whole_lines(body: str, name: str) -> Iterator[str]:
    """The map's lines, a name that is too long for its column with the line of its figures."""
    waiting = ""
    for number, line in enumerate(body.splitlines()):
        if number > MAX_LINES:
            raise BadInputError(f"{name} has more than {MAX_LINES:,} lines; {EXPECTED} is expected")
        if waiting and line.startswith(" " * 16) and line.lstrip().startswith("0x"):
            yield f"{waiting} {line.lstrip()}"
            waiting = ""
            continue
        indent = len(line) - len(line.lstrip(" "))
        waiting = line.rstrip() if indent < 2 and line.strip() and " " not in line.strip() else ""
        if not waiting:
            yield line.rstrip()


def _add_input(
    section: str, address: int, size: int, objects: dict[int, NamedObject], functions: dict[str, int]
) -> None:
    """An input section of one variable or function (-fdata-sections, -ffunction-sections) under that one's name."""
    found = _INPUT_SECTION.fullmatch(section)
    if found is None or not size:
        return
    if found[1].lower() == "text":
        functions.setdefault(found[2], size)
    else:
        objects.setdefault(address, NamedObject(found[2], address, size))


def _lies_in(stretches: Sequence[Stretch], one: NamedObject) -> bool:
    position = bisect_right(stretches, one.address, key=lambda stretch: stretch.address) - 1
    return position >= 0 and one.address + one.bytes <= stretches[position].end
