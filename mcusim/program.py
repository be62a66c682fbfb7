"""An ELF file with code and variables → Program: what the emulator places, and what RAM holds before a call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mcusim.build_attributes import BuildAttributes
from mcusim.elf import SHF_ALLOC, SHF_WRITE, Section, container, parse_firmware, producers_of, sections_of
from mcusim.errors import BadInputError
from mcusim.images import Image, parse_image, symbols_of, whole_elf
from mcusim.kernel_image import Firmware, Part
from mcusim.symbols import FUNCTION, LOCAL, Entry, Symbol
from mcusim.thumb_relocations import Resolution

MOST_CODE_BYTES = 16 << 20  # from the first byte of code to the last: the flash of any Cortex-M is smaller
MOST_VARIABLE_BYTES = 32 << 20
ERASED = 0xFF  # what flash holds between sections
NO_CONSTRUCTORS = "they run before main, and calls do not; build without global objects that need them"


@dataclass(frozen=True, slots=True)
class Variables:
    """A section of RAM: its address, and what start-up code leaves there (zeros where nothing is loaded)."""

    name: str
    address: int
    content: bytes

    @property
    def end(self) -> int:
        """Address behind its last byte."""
        return self.address + len(self.content)


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Functions that can be called: code at one place (`code_address`), and variables in order of address."""

    firmware: Firmware
    code_address: int
    variables: tuple[Variables, ...]
    _lines: dict[int, str | None] = field(default_factory=dict)  # those asked for so far

    @property
    def name(self) -> str:
        """The file's name."""
        return self.firmware.name

    def function_at(self, address: int) -> Symbol | None:
        """The function that holds the byte at an absolute address."""
        return self.firmware.function_at(address - self.code_address)

    def source_line(self, address: int) -> str | None:
        """File and line of the instruction at an absolute address, None where unknown."""
        if address not in self._lines:
            self._lines[address] = self.firmware.source_line(address - self.code_address)
        return self._lines[address]


def parse_own(data: bytes, name: str, keeps_relocations: bool) -> Program:
    """Read what program_linker has linked; BadInputError for code with constructors."""
    found = parse_program(data, name)
    if any(one.name == ".init_array" for one in found.variables):
        raise BadInputError(f"{name} has constructors: {NO_CONSTRUCTORS}")
    if found.variables or not keeps_relocations:
        return found
    firmware = parse_firmware(data, name, linked_anywhere=True)
    parts = tuple(replace(part, keeps_relocations=True) for part in firmware.parts)
    return replace(found, firmware=replace(firmware, parts=parts))


def parse_program(data: bytes, name: str) -> Program:
    """Read a linked ELF file for Cortex-M at the addresses it is linked for; BadInputError, in one sentence."""
    image = parse_image(data, name)
    if image.kind != "elf":
        raise BadInputError(f"{name} is no ELF file; functions are called by the names in its symbol table")
    if not image.functions:
        raise BadInputError(f"{name} has no functions in its symbol table; do not strip it")
    loaded, entries = whole_elf(_read, data, name)
    fixed = [one for one in loaded if not one.flags & SHF_WRITE]
    if not fixed:
        raise BadInputError(f"{name} has no code: every section is of variables")
    base = min(one.address for one in fixed) & ~0xF
    end = max(one.end for one in fixed)
    if end - base > MOST_CODE_BYTES:
        raise BadInputError(
            f"{name} has code and constants from {base:#010x} to {end:#010x}; calls need them in one memory of at "
            f"most {MOST_CODE_BYTES >> 20} MB"
        )
    code = bytearray([ERASED]) * (end - base)
    for one in fixed:
        code[one.address - base : one.end - base] = one.content
    variables = tuple(
        Variables(one.name, one.address, bytes(one.content).ljust(one.bytes, b"\0"))
        for one in sorted(loaded, key=lambda one: one.address)
        if one.flags & SHF_WRITE
    )
    span = variables_span(variables)
    if span is not None and span[1] - span[0] > MOST_VARIABLE_BYTES:
        raise BadInputError(
            f"{name} has variables from {span[0]:#010x} to {span[1]:#010x}; calls need them in one memory of at most "
            f"{MOST_VARIABLE_BYTES >> 20} MB"
        )
    made_by = whole_elf(_producers, data, name)
    return Program(_firmware(image, entries, bytes(code), base, made_by), base, variables)


def _read(data: bytes, name: str) -> tuple[list[Section], list[Entry]]:
    """The sections that lie in memory when the program runs, and the functions by every name that they have."""
    sections = sections_of(container(data, name), data)
    found = [one for one in sections if one.flags & SHF_ALLOC and one.bytes]
    if any(not one.content and not one.flags & SHF_WRITE for one in found):
        raise BadInputError(f"{name} has a section of constants without content; build it again")
    named = [one for one in symbols_of(sections) if one.type == FUNCTION]
    return found, sorted(named, key=lambda one: (one.binding == LOCAL, one.address))


def _producers(data: bytes, name: str) -> tuple[str, ...]:
    """The compilers of its units."""
    return producers_of(sections_of(container(data, name), data))


def _firmware(image: Image, entries: Sequence[Entry], code: bytes, base: int, made_by: tuple[str, ...]) -> Firmware:
    """The code as the emulator takes it: with addresses from its start; of local functions of one name, the first."""
    end = base + len(code)
    contents = tuple(_moved(one, base) for one in image.symbols if base <= one.address < end)
    functions: dict[str, Symbol] = {}
    for one in entries:
        if base <= one.address < end:
            functions.setdefault(one.name, Symbol(one.name, one.address - base, one.bytes))
    attributes = BuildAttributes(image.isa, image.float_abi or "soft")
    return Firmware(
        name=image.name,
        sha256=hashlib.sha256(code).hexdigest(),
        isa=image.isa or "",
        linked_image=code,
        symbols=functions,
        contents=contents,
        function_addresses=frozenset(one - base for one in image.function_addresses if base <= one < end),
        references={},
        resolution=Resolution((), (), ()),
        parts=(Part(image.name, 0, len(code), base, attributes, made_by, False, image.lines),),
        fixed_address=base,
    )


def _moved(symbol: Symbol, base: int) -> Symbol:
    return Symbol(symbol.name, symbol.address - base, symbol.bytes)


def variables_span(variables: Sequence[Variables]) -> tuple[int, int] | None:
    """First address of a program's variables, and the one behind the last; None where it has none."""
    return (variables[0].address, max(one.end for one in variables)) if variables else None
