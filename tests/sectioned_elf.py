"""A 32-bit Arm ELF file of sections and symbols that a test asks for, one segment a section with content."""

import struct
from dataclasses import dataclass

PROGBITS, SYMTAB, STRTAB, NOBITS = 1, 2, 3, 8
WRITE, ALLOC, EXECUTE = 1, 2, 4
OBJECT, FUNCTION, ABSOLUTE = 1, 2, 0xFFF1


@dataclass(frozen=True)
class Piece:
    """A section of the program: `content` or, with None, only `size` bytes; `load` where content is loaded from."""

    name: str
    address: int
    content: bytes | None = None
    size: int = 0
    flags: int = WRITE | ALLOC
    load: int | None = None


def elf(pieces, symbols=()):
    """The file; symbols as (name, value, size, type), type None for one that is absolute."""
    loaded = [one for one in pieces if one.content is not None]
    names, strings = b"\0", b"\0"
    body_at = 52 + 32 * len(loaded)
    body, headers, segments = b"", [bytes(40)], []
    for one in pieces:
        offset, size = body_at + len(body), one.size if one.content is None else len(one.content)
        kind = NOBITS if one.content is None else PROGBITS
        headers.append(_section(len(names), kind, one.flags, one.address, offset, size))
        names += one.name.encode() + b"\0"
        if one.content is not None:
            load = one.address if one.load is None else one.load
            segments.append(struct.pack("<8I", 1, offset, one.address, load, size, size, 7, 4))
            body += one.content
    table = bytes(16)
    for name, value, size, kind in symbols:
        place = ABSOLUTE if kind is None else 1
        table += struct.pack("<IIIBBH", len(strings), value, size, (kind or 0) | 0x10, 0, place)
        strings += name.encode() + b"\0"
    extra = [(".symtab", SYMTAB, table, len(headers) + 1), (".strtab", STRTAB, strings, 0)]
    for name, kind, content, link in extra:
        headers.append(_section(len(names), kind, 0, 0, body_at + len(body), len(content), link))
        names += name.encode() + b"\0"
        body += content
    headers.append(_section(len(names), STRTAB, 0, 0, body_at + len(body), len(names) + 10))
    names += b".shstrtab\0"
    body += names
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    counts = (52, 32, len(loaded), 40, len(headers), len(headers) - 1)
    header = ident + struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, 0, 52, body_at + len(body), 0x5000200, *counts)
    return header + b"".join(segments) + body + b"".join(headers)


def _section(name, kind, flags, address, offset, size, link=0):
    return struct.pack("<10I", name, kind, flags, address, offset, size, link, 0, 4, 16 if kind == SYMTAB else 0)
