"""A linked ELF file of kernels → Firmware: code, symbols, call graph, relocation and source lines."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile

from mcusim.build_attributes import BuildAttributes, parse_build_attributes
from mcusim.debug_line import DebugLine
from mcusim.errors import BadInputError
from mcusim.kernel_image import Firmware, Part
from mcusim.manifest import Manifest, choose_image, firmware_path, layouts, load_manifest
from mcusim.producers import DebugInfo, producers
from mcusim.symbols import FUNCTION, LOCAL, OBJECT, Entry, Symbol, content_at, contents_of, references_of
from mcusim.thumb_relocations import Relocation, move, resolve

__all__ = [
    "Firmware",
    "Manifest",
    "Part",
    "Symbol",
    "choose_image",
    "firmware_path",
    "layouts",
    "load_firmware",
    "load_manifest",
    "parse_firmware",
]

MAX_FILE_BYTES = 64 << 20
MAX_IMAGE_BYTES = 16 << 20  # the flash of any Cortex-M board is smaller
MAX_SECTIONS = 4096
MAX_SEGMENTS = 64
MAX_ENTRIES = 1 << 18  # of a symbol table, and of relocations
MAX_NAME_BYTES = 4096
RELOCATABLE, EXECUTABLE, ARM, VERSION_CURRENT = 1, 2, 40, 1
SHF_WRITE, SHF_ALLOC, SHF_COMPRESSED = 1, 2, 0x800
SHN_UNDEF, SHN_LORESERVE = 0, 0xFF00


def load_firmware(path: str | os.PathLike[str]) -> Firmware:
    """Read kernels: a 32-bit little-endian Thumb ELF, linked at address 0 with --emit-relocs, without variables.

    Raises BadInputError, in one sentence, for anything else; the file is not trusted.
    """
    return parse_firmware(read_bounded(Path(path)), Path(path).name)


def parse_firmware(data: bytes, name: str, linked_anywhere: bool = False) -> Firmware:
    """`load_firmware` of a file's bytes; `name` stands in refusals.

    With `linked_anywhere` it may be linked at any address and without relocations, which fixes it there.
    """
    try:
        return _parse(data, name, linked_anywhere)
    except BadInputError:
        raise
    except Exception as error:  # the parsers raise whatever the bytes make of them
        reason = str(error).partition("\n")[0][:120] or type(error).__name__
        raise BadInputError(f"{name} is a damaged ELF file ({reason}); build the firmware again") from error


def read_bounded(path: Path, expected: str = "a firmware ELF file") -> bytes:
    """The bytes of a file of bounded size; `expected` says in words what kind of file it should be."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise BadInputError(f"{path} is no regular file; {expected} is expected")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadInputError(f"cannot read {path}: {reason.lower()}; {expected} is expected") from None
    if len(data) > MAX_FILE_BYTES:
        raise BadInputError(f"{path.name} is larger than {MAX_FILE_BYTES >> 20} MB; {expected} is expected")
    return data


def _parse(data: bytes, name: str, linked_anywhere: bool) -> Firmware:
    elf = container(data, name)
    sections = sections_of(elf, data)
    _check_stateless(sections, name)
    image, base = _image(elf, data, name, linked_anywhere)
    sections = [replace(one, address=one.address - base) if one.flags & SHF_ALLOC else one for one in sections]
    loaded = [section for section in sections if section.flags & SHF_ALLOC and section.bytes]
    for section in loaded:
        if section.end > len(image):
            raise BadInputError(f"{name}: the section {section.name} is not part of what is loaded")
    attributes = attributes_of(sections, name)
    entries = [replace(one, address=one.address - base) if one.moves else one for one in _symbol_table(sections)]
    relocations = [replace(one, offset=one.offset - base) for one in _relocations(sections, entries)]
    image = move(image, resolve(image, relocations), -base) if base and relocations else image
    resolution = resolve(image, relocations)
    functions = [entry for entry in entries if entry.type == FUNCTION]
    if not functions:
        raise BadInputError(f"{name} has no functions in its symbol table; do not strip the firmware")
    pieces = [(one.name, one.address, one.end) for one in loaded]
    contents = contents_of(entries, pieces, [target for _, target in resolution.references])
    return Firmware(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        isa=attributes.isa or "",
        linked_image=image,
        symbols=_functions(functions, contents),
        contents=contents,
        function_addresses=frozenset(entry.address for entry in functions),
        references=references_of(contents, resolution.references),
        resolution=resolution,
        parts=(
            Part(
                name, 0, len(image), base, attributes, producers_of(sections), bool(relocations), _debug_line(sections)
            ),
        ),
        fixed_address=base if linked_anywhere and not relocations else None,
    )


def _check_stateless(sections: Sequence[Section], name: str) -> None:
    for section in sections:
        if section.flags & SHF_ALLOC and section.flags & SHF_WRITE and section.bytes:
            raise BadInputError(
                f"{name} has variables in {section.name} ({section.bytes:,} bytes); kernels keep no "
                "state of their own: link them without start-up code and C library"
            )


def _functions(functions: Sequence[Entry], contents: Sequence[Symbol]) -> dict[str, Symbol]:
    """The functions by name; of local functions of one name, the first."""
    symbols: dict[str, Symbol] = {}
    for entry in sorted(functions, key=lambda entry: (entry.binding == LOCAL, entry.address)):
        content = content_at(contents, entry.address)
        assert content is not None
        symbols.setdefault(entry.name, Symbol(entry.name, entry.address, content.end - entry.address))
    return symbols


def _debug_line(sections: Sequence[Section]) -> DebugLine:
    return DebugLine(_debug(sections, ".debug_line"), _debug(sections, ".debug_line_str"))


def producers_of(sections: Sequence[Section]) -> tuple[str, ...]:
    """The compilers, as the debug information names them with their flags, or as .comment does without."""
    names = (".debug_info", ".debug_abbrev", ".debug_str", ".debug_line_str")
    found = producers(DebugInfo(*(_debug(sections, name) for name in names)))
    comments = _debug(sections, ".comment")[:MAX_NAME_BYTES].decode("utf-8", "replace").split("\0")
    return found or tuple(filter(None, comments))


def _debug(sections: Sequence[Section], name: str) -> bytes:
    """The bytes of a section that is not loaded, none where there is no such section or it is compressed."""
    found = (one.content for one in sections if one.name == name and not one.flags & SHF_COMPRESSED)
    return bytes(next(found, b""))


def container(data: bytes, name: str, linked: bool = True) -> ELFFile:
    """The ELF header, refused unless it is that of a 32-bit Arm file with reasonable tables: linked, or an object."""
    if data[:4] != b"\x7fELF":
        raise BadInputError(f"{name} is not an ELF file")
    if len(data) < 52:
        raise BadInputError(f"{name} ends within its ELF header")
    if data[4:6] != b"\x01\x01":
        raise BadInputError(f"{name} is not a 32-bit little-endian ELF file, as Cortex-M needs")
    kind, machine = struct.unpack_from("<HH", data, 16)
    if machine != ARM:
        raise BadInputError(f"{name} is built for another machine than Arm (e_machine {machine})")
    if not linked and kind != RELOCATABLE:
        raise BadInputError(f"{name} is no object file (e_type {kind})")
    if linked and kind != EXECUTABLE:
        raise BadInputError(f"{name} is not a linked executable (e_type {kind}); link the objects first")
    segments, _, sections = struct.unpack_from("<HHH", data, 44)
    if not linked <= segments <= MAX_SEGMENTS or not 0 < sections <= MAX_SECTIONS:
        raise BadInputError(
            f"{name} has {segments} segments and {sections} sections; neither none nor that many will do"
        )
    return ELFFile(io.BytesIO(data))


@dataclass(frozen=True, slots=True)
class Section:
    """A section of an ELF file: where it lies when loaded, and its bytes."""

    name: str
    type: str | int
    flags: int
    address: int
    bytes: int
    content: memoryview
    link: int
    info: int

    @property
    def end(self) -> int:
        """Address behind its last byte."""
        return self.address + self.bytes


def sections_of(elf: ELFFile, data: bytes) -> list[Section]:
    """The section table. pyelftools parses the headers only: its typed sections read as much as a file claims."""
    header = elf.header
    headers = [
        struct_parse(elf.structs.Elf_Shdr, elf.stream, header.e_shoff + number * header.e_shentsize)
        for number in range(header.e_shnum)
    ]
    names = _content(headers[header.e_shstrndx], data)
    return [
        Section(
            name=string_at(names, one.sh_name),
            type=one.sh_type,
            flags=one.sh_flags,
            address=one.sh_addr,
            bytes=one.sh_size,
            content=_content(one, data),
            link=one.sh_link,
            info=one.sh_info,
        )
        for one in headers
    ]


def _content(header: Any, data: bytes) -> memoryview:
    """A section's bytes, which must be there; those of a section without any (SHT_NOBITS) are none."""
    if header.sh_type in ("SHT_NOBITS", "SHT_NULL"):
        return memoryview(b"")
    if header.sh_offset + header.sh_size > len(data):
        raise ValueError("a section goes on behind the end of the file")
    return memoryview(data)[header.sh_offset : header.sh_offset + header.sh_size]


def string_at(strings: memoryview, offset: int) -> str:
    """A string of a string table."""
    text, end, _ = bytes(strings[offset : offset + MAX_NAME_BYTES]).partition(b"\0")
    if not end:
        raise ValueError("a name does not end within its string table")
    return text.decode("utf-8", "replace")


def _image(elf: ELFFile, data: bytes, name: str, linked_anywhere: bool) -> tuple[bytes, int]:
    """All loaded segments in one piece, between them zeros, and the address that it is linked at: 0, or anywhere."""
    segments = [segment.header for segment in elf.iter_segments("PT_LOAD")]
    segments = sorted((one for one in segments if one.p_memsz), key=lambda one: one.p_vaddr)
    base = segments[0].p_vaddr & ~3 if segments and linked_anywhere else 0
    image = bytearray()
    for one in segments:
        start = one.p_vaddr - base
        if start + one.p_memsz > MAX_IMAGE_BYTES:
            raise BadInputError(
                f"{name} reaches up to {one.p_vaddr + one.p_memsz:#x}; kernels are linked at address {base:#x} "
                f"and hold less than {MAX_IMAGE_BYTES >> 20} MB"
            )
        if start < len(image):
            raise BadInputError(f"{name} has loaded segments that overlap at {one.p_vaddr:#x}")
        if one.p_filesz > one.p_memsz or one.p_offset + one.p_filesz > len(data):
            raise ValueError("a segment goes on behind the end of the file")
        image.extend(bytes(start - len(image)))
        image.extend(data[one.p_offset : one.p_offset + one.p_filesz])
        image.extend(bytes(one.p_memsz - one.p_filesz))
    if not image:
        raise BadInputError(f"{name} loads nothing")
    return bytes(image), base


def attributes_of(sections: Sequence[Section], name: str) -> BuildAttributes:
    """The build attributes; BadInputError for none, or of another profile than Cortex-M's."""
    for section in sections:
        if section.type == "SHT_ARM_ATTRIBUTES":
            attributes = parse_build_attributes(bytes(section.content))
            if attributes.isa is None:
                raise BadInputError(f"{name} is not built for a Cortex-M (its build attributes name another profile)")
            return attributes
    raise BadInputError(f"{name} does not say which instruction set it is built for (.ARM.attributes is missing)")


def _symbol_table(sections: Sequence[Section]) -> list[Entry]:
    tables = [section for section in sections if section.type == "SHT_SYMTAB"]
    if len(tables) != 1 or len(tables[0].content) > 16 * MAX_ENTRIES:
        raise ValueError("a firmware has one symbol table of reasonable size")
    strings = sections[tables[0].link].content
    entries = []
    for name, value, size, info, _, section in struct.iter_unpack("<IIIBBH", tables[0].content):
        moves = section != SHN_UNDEF and section < SHN_LORESERVE
        kind = info & 0xF
        if moves and section >= len(sections):
            raise ValueError("a symbol lies in a section that is not there")
        if kind in (FUNCTION, OBJECT) and not (moves and sections[section].flags & SHF_ALLOC):
            kind = 0
        if kind == FUNCTION and not value & 1:
            raise BadInputError(
                f"the function {string_at(strings, name)} is Arm code; Cortex-M executes Thumb code only"
            )
        address = value & ~1 if kind == FUNCTION else value
        text = string_at(strings, name) if kind in (FUNCTION, OBJECT) else ""
        entries.append(Entry(text, address, size, kind, info >> 4, moves))
    return entries


def _relocations(sections: Sequence[Section], entries: Sequence[Entry]) -> list[Relocation]:
    """The relocations of everything that is loaded; those of debug information do not matter here."""
    found: list[Relocation] = []
    for section in sections:
        if section.type == "SHT_RELA":
            raise ValueError("relocations with addends, which Arm linkers do not keep")
        if section.type != "SHT_REL" or not sections[section.info].flags & SHF_ALLOC:
            continue
        if len(section.content) > 8 * MAX_ENTRIES or len(found) > MAX_ENTRIES:
            raise ValueError("too many relocations")
        for offset, info in struct.iter_unpack("<II", section.content):
            symbol = entries[info >> 8]
            found.append(Relocation(offset, info & 0xFF, symbol.address, symbol.moves))
    return found
