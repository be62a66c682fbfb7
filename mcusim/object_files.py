"""The bytes of a relocatable object (.o) → the functions it defines and what it was built for."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mcusim.build_attributes import BuildAttributes
from mcusim.elf import MAX_ENTRIES, SHN_LORESERVE, SHN_UNDEF, attributes_of, container, sections_of, string_at
from mcusim.errors import BadInputError
from mcusim.symbols import FUNCTION, LOCAL

LTO_MARK = "__gnu_lto_slim"  # in objects that hold no code but what a linker's plug-in compiles


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """An object: the functions that others can call, and whether it has only intermediate code of -flto."""

    name: str
    attributes: BuildAttributes
    functions: frozenset[str]
    is_intermediate: bool


def parse_object(data: bytes, name: str) -> ObjectFile:
    """Read an ELF object for Cortex-M. Raises BadInputError, in one sentence, for anything else; it is not trusted."""
    try:
        return _parse(data, name)
    except BadInputError:
        raise
    except Exception as error:  # the parsers raise whatever the bytes make of them
        reason = str(error).partition("\n")[0][:120] or type(error).__name__
        raise BadInputError(f"{name} is a damaged ELF file ({reason}); compile it again") from error


def _parse(data: bytes, name: str) -> ObjectFile:
    sections = sections_of(container(data, name, linked=False), data)
    functions, intermediate = set(), False
    for table in sections:
        if table.type != "SHT_SYMTAB":
            continue
        if len(table.content) > 16 * MAX_ENTRIES:
            raise ValueError("too many symbols")
        strings = sections[table.link].content
        for at, _, _, info, _, section in struct.iter_unpack("<IIIBBH", table.content):
            if section == SHN_UNDEF or info >> 4 == LOCAL:
                continue
            text = string_at(strings, at)
            intermediate = intermediate or text == LTO_MARK
            if info & 0xF == FUNCTION and section < SHN_LORESERVE:
                functions.add(text)
    return ObjectFile(name, attributes_of(sections, name), frozenset(functions), intermediate)
