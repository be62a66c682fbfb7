"""Memory banks of a board: what kind of memory they are, which of them serve as one, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim.errors import BadInputError

MEMORY_END = 0xE000_0000  # from here on lies the private peripheral bus (ARMv7-M ARM DDI 0403E, B3.1)
# Larger than any board's, external memory included; all RAM of a bank is simulated, and costs as much of the host's.
LARGEST_REGION_BYTES = {"ram": 64 << 20, "flash": 256 << 20}
REGION_ALIGNMENT = 4
EXTERNAL_ROLES = ("sdram", "qspi")


@dataclass(frozen=True, slots=True)
class Region:
    """A bank of memory: absolute address and size in bytes.

    `role` tells what kind of RAM or flash it is, by which memory systems know its path to the core: "sram" and
    "flash" where a file does not say.
    """

    name: str
    kind: Literal["ram", "flash"]
    address: int
    bytes: int
    source: str
    role: Literal["sram", "dtcm", "itcm", "ccm", "sdram", "flash", "qspi"] | None = None

    @property
    def place(self) -> str:
        """The role, or what stands for it where none is given."""
        return self.role or ("sram" if self.kind == "ram" else "flash")

    @property
    def is_external(self) -> bool:
        """Whether it lies outside the microcontroller."""
        return self.role in EXTERNAL_ROLES


def runs(regions: Iterable[Region]) -> tuple[tuple[Region, ...], ...]:
    """Regions in order of address, those together whose addresses follow each other."""
    found: list[tuple[Region, ...]] = []
    for region in sorted(regions, key=lambda one: one.address):
        if found and found[-1][-1].address + found[-1][-1].bytes == region.address:
            found[-1] = (*found[-1], region)
        else:
            found.append((region,))
    return tuple(found)


def check_regions(regions: Sequence[Region], file: str) -> None:
    """Raise BadInputError, naming the file, for sizes and addresses that no bank has and for banks that overlap."""
    for index, region in enumerate(regions):
        check_range(file, f"region[{index}].bytes", region.bytes, 1, LARGEST_REGION_BYTES[region.kind])
        check_range(file, f"region[{index}].address", region.address, 0, MEMORY_END - region.bytes)
        if region.address % REGION_ALIGNMENT or region.bytes % REGION_ALIGNMENT:
            raise BadInputError(
                f"{file}: region[{index}]: expected an address and a size in words of {REGION_ALIGNMENT} bytes, "
                f"found {region.address:#x} and {region.bytes:,}"
            )
    _check_apart(regions, file)


def check_range(file: str, key: str, value: float, low: float, high: float) -> None:
    """Raise BadInputError, naming file and key, for a value that is not between two bounds."""
    if not low <= value <= high:
        raise BadInputError(f"{file}: {key}: expected {low:,} to {high:,}, found {value:,}")


def _check_apart(regions: Iterable[Region], file: str) -> None:
    before: Region | None = None
    names: set[str] = set()
    for region in sorted(regions, key=lambda one: one.address):
        if region.name in names:
            raise BadInputError(f"{file}: region: expected each name once, found {region.name!r} again")
        if before is not None and region.address < before.address + before.bytes:
            raise BadInputError(
                f"{file}: region: expected banks that do not overlap, found {before.name} to "
                f"{before.address + before.bytes:#010x} and {region.name} from {region.address:#010x}"
            )
        names.add(region.name)
        before = region
