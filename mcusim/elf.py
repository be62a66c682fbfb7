"""A linked ELF file of kernels → Firmware: code, symbols, call graph, relocation and source lines."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile

from mcusim import debug_line
from mcusim.build_attributes import BuildAttributes, parse_build_attributes
from mcusim.debug_line import DebugLine
from mcusim.errors import BadInputError
from mcusim.manifest import Manifest, choose_image, firmware_path, layouts, load_manifest
from mcusim.symbols import FUNCTION, LOCAL, OBJECT, Entry, Symbol, content_at, contents_of, references_of
from mcusim.thumb_relocations import Relocation, Resolution, move, resolve

__all__ = [
    "Firmware",
    "Manifest",
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
EXECUTABLE, ARM, VERSION_CURRENT = 2, 40, 1
SHF_WRITE, SHF_ALLOC, SHF_COMPRESSED = 1, 2, 0x800
SHN_UNDEF, SHN_LORESERVE = 0, 0xFF00


@dataclass(frozen=True, slots=True, eq=False)
class Firmware:
    """Kernels linked at address 0, to be placed anywhere; all addresses are offsets from the image's start.

    `symbols`: the functions by name (of local functions of one name, the first). `contents`: functions and
    constant objects in order of address, one of each address. `isa` is the instruction set that the build
    attributes name ("armv7em"). `references`: addresses that each content refers to, by its own address.
    """

    name: str
    sha256: str
    isa: str
    float_abi: Literal["soft", "hard"]
    linked_image: bytes
    symbols: Mapping[str, Symbol]
    contents: tuple[Symbol, ...]
    function_addresses: frozenset[int]
    references: Mapping[int, tuple[int, ...]]
    resolution: Resolution
    lines: DebugLine

    def content_at(self, address: int) -> Symbol | None:
        """The function or constant object that holds the byte at an address."""
        return content_at(self.contents, address)

    def function_at(self, address: int) -> Symbol | None:
        """The function that holds the byte at an address."""
        symbol = self.content_at(address)
        return symbol if symbol is not None and symbol.address in self.function_addresses else None

    def reachable(self, names: Iterable[str]) -> tuple[Symbol, ...]:
        """Everything that the named functions need, themselves included, in order of address.

        Follows every relocated reference: calls, jumps, addresses of functions and of constant objects, and
        what these hold. Raises BadInputError for a name that is no function of the firmware.
        """
        pending = []
        for name in names:
            if name not in self.symbols:
                raise BadInputError(f"{self.name} has no function {name}")
            pending.append(self.symbols[name].address)
        found: dict[int, Symbol] = {}
        while pending:
            symbol = self.content_at(pending.pop())
            if symbol is not None and symbol.address not in found:
                found[symbol.address] = symbol
                pending.extend(self.references.get(symbol.address, ()))
        return tuple(found[address] for address in sorted(found))

    def image(self, base_address: int) -> bytes:
        """The bytes of the image as they lie in flash at `base_address`, which must be a multiple of 4."""
        if base_address % 4 or not 0 <= base_address <= (1 << 32) - len(self.linked_image):
            raise BadInputError(f"{self.name} cannot lie at {base_address:#x}: the address must be a multiple of 4")
        return move(self.linked_image, self.resolution, base_address)

    def source_line(self, address: int) -> str | None:
        """File and line of the instruction at an address ("arm_convolve_s8.c:87"), None where unknown."""
        function = self.function_at(address)
        return debug_line.source_line(self.lines, address, function.end if function else address + 1)


def load_firmware(path: str | os.PathLike[str]) -> Firmware:
    """Read kernels: a 32-bit little-endian Thumb ELF, linked at address 0 with --emit-relocs, without variables.

    Raises BadInputError, in one sentence, for anything else; the file is not trusted.
    """
    return parse_firmware(read_bounded(Path(path)), Path(path).name)


def parse_firmware(data: bytes, name: str) -> Firmware:
    """`load_firmware` of a file's bytes; `name` stands in refusals."""
    try:
        return _parse(data, name)
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


def _parse(data: bytes, name: str) -> Firmware:
    elf = container(data, name)
    sections = sections_of(elf, data)
    image = _image(elf, data, name)
    loaded = [section for section in sections if section.flags & SHF_ALLOC and section.bytes]
    for section in loaded:
        if section.flags & SHF_WRITE:
            raise BadInputError(f"{name} has variables in {section.name}; kernels keep no state of their own")
        if section.end > len(image):
            raise BadInputError(f"{name}: the section {section.name} is not part of what is loaded")
    attributes = _attributes(sections, name)
    entries = _symbol_table(sections)
    resolution = resolve(image, _relocations(sections, entries))
    functions = [entry for entry in entries if entry.type == FUNCTION]
    if not functions:
        raise BadInputError(f"{name} has no functions in its symbol table; do not strip the firmware")
    pieces = [(one.name, one.address, one.end) for one in loaded]
    contents = contents_of(entries, pieces, [target for _, target in resolution.references])
    symbols: dict[str, Symbol] = {}
    for entry in sorted(functions, key=lambda entry: (entry.binding == LOCAL, entry.address)):
        content = content_at(contents, entry.address)
        assert content is not None
        symbols.setdefault(entry.name, Symbol(entry.name, entry.address, content.end - entry.address))
    debug = {one.name: one.content for one in sections if not one.flags & SHF_COMPRESSED}
    return Firmware(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        isa=attributes.isa or "",
        float_abi=attributes.float_abi,
        linked_image=image,
        symbols=symbols,
        contents=contents,
        function_addresses=frozenset(entry.address for entry in functions),
        references=references_of(contents, resolution.references),
        resolution=resolution,
        lines=DebugLine(bytes(debug.get(".debug_line", b"")), bytes(debug.get(".debug_line_str", b""))),
    )


def container(data: bytes, name: str) -> ELFFile:
    """The ELF header, refused unless it is that of a linked 32-bit Arm file with reasonable tables."""
    if data[:4] != b"\x7fELF":
        raise BadInputError(f"{name} is not an ELF file")
    if len(data) < 52:
        raise BadInputError(f"{name} ends within its ELF header")
    if data[4:6] != b"\x01\x01":
        raise BadInputError(f"{name} is not a 32-bit little-endian ELF file, as Cortex-M needs")
    kind, machine = struct.unpack_from("<HH", data, 16)
    if machine != ARM:
        raise BadInputError(f"{name} is built for another machine than Arm (e_machine {machine})")
    if kind != EXECUTABLE:
        raise BadInputError(f"{name} is not a linked executable (e_type {kind}); link the objects first")
    segments, _, sections = struct.unpack_from("<HHH", data, 44)
    if not 0 < segments <= MAX_SEGMENTS or not 0 < sections <= MAX_SECTIONS:
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


def _image(elf: ELFFile, data: bytes, name: str) -> bytes:
    """All loaded segments in one piece from address 0; between them lie zeros."""
    segments = [segment.header for segment in elf.iter_segments("PT_LOAD")]
    segments = sorted((one for one in segments if one.p_memsz), key=lambda one: one.p_vaddr)
    image = bytearray()
    for one in segments:
        if one.p_vaddr + one.p_memsz > MAX_IMAGE_BYTES:
            raise BadInputError(
                f"{name} reaches up to {one.p_vaddr + one.p_memsz:#x}; kernels are linked at address 0 and hold "
                f"less than {MAX_IMAGE_BYTES >> 20} MB"
            )
        if one.p_vaddr < len(image):
            raise BadInputError(f"{name} has loaded segments that overlap at {one.p_vaddr:#x}")
        if one.p_filesz > one.p_memsz or one.p_offset + one.p_filesz > len(data):
            raise ValueError("a segment goes on behind the end of the file")
        image.extend(bytes(one.p_vaddr - len(image)))
        image.extend(data[one.p_offset : one.p_offset + one.p_filesz])
        image.extend(bytes(one.p_memsz - one.p_filesz))
    if not image:
        raise BadInputError(f"{name} loads nothing")
    return bytes(image)


def _attributes(sections: Sequence[Section], name: str) -> BuildAttributes:
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
