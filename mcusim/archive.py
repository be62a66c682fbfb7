"""The bytes of a static archive (.a) → its members."""

from __future__ import annotations

from dataclasses import dataclass

from mcusim.errors import BadInputError

MAGIC, THIN_MAGIC = b"!<arch>\n", b"!<thin>\n"
HEADER_BYTES, HEADER_END = 60, b"`\n"
MAX_MEMBERS = 8192
# Members that are no files: the symbol tables (of 32 and 64 bits), and the long names.
SYMBOL_TABLES, LONG_NAMES = (b"/", b"/SYM64/", b"__.SYMDEF", b"__.SYMDEF SORTED"), b"//"
BSD_LONG_NAME = b"#1/"  # the name's length; the name itself begins the content


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive."""

    name: str
    content: bytes


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as an archive does, thin ones included."""
    return data[:8] in (MAGIC, THIN_MAGIC)


def members(data: bytes, name: str) -> tuple[Member, ...]:
    """The files in an archive in order (the common format of GNU, BSD and LLVM); `name` stands in refusals.

    Raises BadInputError for a thin archive, which only names files, and for anything that contradicts the format.
    """
    if data[:8] == THIN_MAGIC:
        raise BadInputError(f"{name} is a thin archive, which only names its objects; make it with ar rcs, without T")
    found: list[Member] = []
    names, at, count = b"", len(MAGIC), 0
    while at < len(data):
        header = data[at : at + HEADER_BYTES]
        if len(header) < HEADER_BYTES or header[58:] != HEADER_END:
            raise BadInputError(f"{name} is a damaged archive: there is no member's header at byte {at}; make it again")
        size = _number(header[48:58], name, at)
        content = data[at + HEADER_BYTES : at + HEADER_BYTES + size]
        if len(content) < size:
            raise BadInputError(f"{name} is cut short: its member at byte {at} goes on behind the file's end")
        count += 1
        if count > MAX_MEMBERS:
            raise BadInputError(f"{name} has more than {MAX_MEMBERS} members; that many kernels are not expected")
        raw = header[:16].rstrip(b" ")
        if raw == LONG_NAMES:
            names = content
        elif raw not in SYMBOL_TABLES:
            found.append(_member(raw, content, names, name, at))
        at += HEADER_BYTES + size + size % 2
    return tuple(one for one in found if one.name not in ("__.SYMDEF", "__.SYMDEF SORTED"))


def _member(raw: bytes, content: bytes, names: bytes, name: str, at: int) -> Member:
    if raw.startswith(BSD_LONG_NAME):
        length = _number(raw[len(BSD_LONG_NAME) :], name, at)
        return Member(_text(content[:length].rstrip(b"\0")), content[length:])
    if raw.startswith(b"/"):
        start = _number(raw[1:], name, at)
        return Member(_text(names[start:].partition(b"/\n")[0]), content)
    return Member(_text(raw.removesuffix(b"/")), content)


def _number(text: bytes, name: str, at: int) -> int:
    digits = text.strip(b" ")
    if not digits.isdigit():
        raise BadInputError(f"{name} is a damaged archive: {_text(digits)!r} at byte {at} is no size; make it again")
    return int(digits)


def _text(name: bytes) -> str:
    return name[:255].decode("utf-8", "replace")
