"""flash_runtime.toml → what interpreter and C library take of flash for an instruction set, as ranges with sources."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.hardware import PACKAGE
from mcusim.record import FlashPart

FILE = "flash_runtime.toml"


@dataclass(frozen=True, slots=True)
class _Row:
    """One [[part]]."""

    name: str
    least_bytes: int | None
    most_bytes: int | None
    source: str
    bytes_reason: str | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """The file."""

    part: tuple[_Row, ...]


@cache
def _rows() -> tuple[_Row, ...]:
    try:
        table = tomllib.loads((PACKAGE / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInputError(f"{FILE} cannot be read: {error}; reinstall mcusim") from None
    rows = documents.build(_File, table, FILE, nulls=("unknown",)).part
    for index, row in enumerate(rows):
        known = row.least_bytes is not None and row.most_bytes is not None
        if known == (row.bytes_reason is not None) or (row.least_bytes is None) != (row.most_bytes is None):
            raise BadInputError(f"{FILE}: part[{index}]: expected least_bytes and most_bytes, or none and bytes_reason")
        if row.least_bytes is not None and row.most_bytes is not None and not 0 <= row.least_bytes <= row.most_bytes:
            raise BadInputError(f"{FILE}: part[{index}]: expected 0 ≤ least_bytes ≤ most_bytes")
    return rows


def runtime_parts(image: str) -> tuple[FlashPart, ...]:
    """The rows that hold for kernels of an image ("armv7em")."""
    return tuple(
        FlashPart(row.name, row.least_bytes, row.most_bytes, row.bytes_reason, row.source)
        for row in _rows()
        if not row.images or image in row.images
    )


def least_runtime_bytes(image: str) -> int:
    """The least that all parts of known size take together."""
    return sum(part.least_bytes or 0 for part in runtime_parts(image))
