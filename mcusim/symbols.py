"""Symbol table entries and sections → the functions and constant data of an image, one of each address."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# ELF-32: types and binding of a symbol.
OBJECT, FUNCTION = 1, 2
LOCAL = 0

Piece = tuple[str, int, int]  # a loaded section: name, first address, address behind the last


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function, or an object of constant data: its link-time address (Thumb bit cleared) and size in bytes."""

    name: str
    address: int
    bytes: int

    @property
    def end(self) -> int:
        """Address behind its last byte."""
        return self.address + self.bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the symbol table; `address` without the Thumb bit of functions, `moves`: it lies in a section."""

    name: str
    address: int
    bytes: int
    type: int
    binding: int
    moves: bool


def content_at(contents: Sequence[Symbol], address: int) -> Symbol | None:
    """The one of `contents`, which are in order of address and apart, that holds the byte at an address."""
    position = bisect_right(contents, address, key=lambda symbol: symbol.address) - 1
    if position < 0 or address >= contents[position].end:
        return None
    return contents[position]


def contents_of(entries: Iterable[Entry], pieces: Sequence[Piece], targets: Iterable[int]) -> tuple[Symbol, ...]:
    """Functions and objects by address, one of each address, and the nameless data that something refers to.

    A symbol without a size (assembly) goes on to the next one or the end of its section. Of several at one
    address the global one counts, then one with a size, then the first by name; one within another is a further
    entry of that (libgcc has such). Raises ValueError for a symbol outside all sections and for one that overlaps
    the next in part.
    """
    chosen: dict[int, Entry] = {}
    for entry in sorted(entries, key=lambda entry: (entry.binding == LOCAL, entry.bytes == 0, entry.name)):
        if entry.type in (FUNCTION, OBJECT):
            chosen.setdefault(entry.address, entry)
    starts = _outermost(chosen)
    named = []
    for position, start in enumerate(starts):
        piece = _piece_at(pieces, start)
        if piece is None:
            raise ValueError(f"{chosen[start].name} lies outside the code")
        limit = min([piece[2], *starts[position + 1 : position + 2]])
        end = start + chosen[start].bytes if chosen[start].bytes else limit
        if end > limit:
            raise ValueError(f"{chosen[start].name} overlaps what follows it")
        named.append(Symbol(chosen[start].name, start, end - start))
    return tuple(sorted([*named, *_nameless(named, pieces, targets)], key=lambda symbol: symbol.address))


def _outermost(entries: Mapping[int, Entry]) -> list[int]:
    """Addresses, rising, of the entries that do not lie within another."""
    starts: list[int] = []
    end = 0
    for start in sorted(entries):
        behind = start + entries[start].bytes
        if start < end and behind <= end:
            continue
        starts.append(start)
        end = behind
    return starts


def references_of(contents: Sequence[Symbol], references: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    """Addresses of the contents that each content refers to, by its own address, from (from, to) addresses."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for source_address, target_address in references:
        source, target = content_at(contents, source_address), content_at(contents, target_address)
        if source is not None and target is not None and source is not target:
            found[source.address].add(target.address)
    return {address: tuple(sorted(targets)) for address, targets in found.items()}


def _nameless(named: Sequence[Symbol], pieces: Sequence[Piece], targets: Iterable[int]) -> list[Symbol]:
    """The gaps between symbols that something refers to: string literals, jump tables, merged constants."""
    starts = [symbol.address for symbol in named]
    gaps: dict[int, Symbol] = {}
    for target in sorted(set(targets)):
        piece = _piece_at(pieces, target)
        if piece is None or content_at(named, target) is not None:
            continue
        name, first, behind = piece
        position = bisect_left(starts, target)
        start = max(first, named[position - 1].end if position else 0)
        end = min(behind, starts[position] if position < len(starts) else behind)
        gaps[start] = Symbol(f"{name}+{start - first:#x}", start, end - start)
    return list(gaps.values())


def _piece_at(pieces: Sequence[Piece], address: int) -> Piece | None:
    return next((piece for piece in pieces if piece[1] <= address < piece[2]), None)
