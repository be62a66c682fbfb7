"""Board + where weights and arena shall lie → the banks of memory that they, the stack and the code use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim import documents
from mcusim.errors import UnsupportedError
from mcusim.hardware import Board, Region
from mcusim.regions import runs

Regions = tuple[Region, ...]
FLASH = "flash"  # where weights lie unless told otherwise: the flash that the board runs its code from


@dataclass(frozen=True, slots=True)
class Bank:
    """Memory that is used: regions of a kind without a gap in their addresses.

    `reserved_bytes`, at its start, is what the platform keeps of it.
    """

    kind: Literal["ram", "flash"]
    name: str
    address: int
    bytes: int
    reserved_bytes: int

    @property
    def start(self) -> int:
        """The first address that is not reserved."""
        return self.address + self.reserved_bytes

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.bytes


@dataclass(frozen=True, slots=True)
class Banks:
    """The banks that a plan uses: `ram` holds arena and stack, `weights` the model file, `flash` the code.

    They lie apart, or are the same.
    """

    ram: Bank
    weights: Bank
    flash: Bank

    def of_kind(self, kind: Literal["ram", "flash"]) -> tuple[Bank, ...]:
        """Those of a kind, each once, the one of arena or code first."""
        own = self.ram if kind == "ram" else self.flash
        return (own, self.weights) if self.weights.kind == kind and self.weights != own else (own,)


def choose_banks(board: Board, weights: str = FLASH, arena: str | None = None) -> Banks:
    """The banks for weights ("flash") and arena (None: the longest run of RAM), by a region's name or role.

    Where one choice includes the other without being the same, the wider one goes without what the narrower one
    takes. The platform's reserve stays where it is by default. Raises UnsupportedError for memory that the board
    does not have, with what it has.
    """
    code = _longest(board.main_regions("flash"))
    for_weights = code if weights.lower() == FLASH else _chosen(board, weights, "weights", board.regions)
    of_ram = tuple(region for region in board.regions if region.kind == "ram")
    for_arena = _longest(board.main_regions("ram")) if arena is None else _chosen(board, arena, "arena", of_ram)
    if len(for_weights) < len(for_arena):
        for_arena = _without(for_arena, for_weights)
    elif len(for_arena) < len(for_weights):
        for_weights = _without(for_weights, for_arena)
    return Banks(_bank(board, for_arena), _bank(board, for_weights), _bank(board, code))


def largest_bank(board: Board, kind: Literal["ram", "flash"]) -> Bank:
    """The longest run of a board's main regions of a kind; of equal ones the lowest."""
    return _bank(board, _longest(board.main_regions(kind)))


def runs_of(board: Board, kind: Literal["ram", "flash"]) -> tuple[Bank, ...]:
    """All banks of a kind that the board has, the microcontroller's own first, neighbours as one."""
    regions = [region for region in board.regions if region.kind == kind]
    main, outside = (
        runs(region for region in regions if region.is_external == is_external) for is_external in (False, True)
    )
    return tuple(_bank(board, run) for run in (*main, *outside))


def home_address(board: Board, kind: Literal["ram", "flash"]) -> int:
    """The first address of the longest run of main regions, where the platform keeps what it reserves."""
    return _longest(board.main_regions(kind))[0].address


def bank_of(board: Board, address: int) -> str | None:
    """The name of the RAM region that holds an address; None where it is part of the longest run, or nowhere."""
    if any(one.address <= address < one.address + one.bytes for one in _longest(board.main_regions("ram"))):
        return None
    regions = (one for one in board.regions if one.kind == "ram")
    return next((one.name for one in regions if one.address <= address < one.address + one.bytes), None)


def _chosen(board: Board, word: str, what: str, regions: Sequence[Region]) -> Regions:
    """The region of a name, or the longest run of a role's regions."""
    named = tuple(region for region in regions if region.name.lower() == word.lower())
    of_role = tuple(region for region in regions if region.place == word.lower())
    if named or of_role:
        return named or _longest(of_role)
    words = [*(region.name for region in regions), *(region.place for region in regions)]
    guess = documents.nearest(word, words)
    hint = f"did you mean {guess!r}? " if guess else ""
    listed = ", ".join(f"{region.name} ({region.place}, {region.bytes // 1024:,} KB)" for region in regions)
    raise UnsupportedError(f"{board.id} has no memory {word!r} for the {what}; {hint}it has {listed}")


def _longest(regions: Sequence[Region]) -> Regions:
    """The longest run of regions, of equal ones the lowest."""
    return max(runs(regions), key=lambda run: (sum(region.bytes for region in run), -run[0].address))


def _without(regions: Regions, taken: Regions) -> Regions:
    left = tuple(region for region in regions if region not in taken)
    return _longest(left) if left else regions


def _bank(board: Board, regions: Regions) -> Bank:
    """Regions as one bank, with the platform's reserve if it lies there: at the start of the longest main run."""
    kind = regions[0].kind
    address, size = regions[0].address, sum(region.bytes for region in regions)
    reserve = board.reserved_ram if kind == "ram" else board.reserved_flash
    reserved_bytes = min(reserve.bytes, size) if address == home_address(board, kind) else 0
    return Bank(kind, " + ".join(region.name for region in regions), address, size, reserved_bytes)
