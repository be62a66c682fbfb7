"""Instructions in the order of a log, and a board's regions → the addresses of data, and what memory they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcusim.fixedpoint import inlined
from mcusim.hardware import Board, Region
from mcusim.recording import ACCESS, ADDRESS, BLOCK_ADDRESS, BLOCK_HALFWORD, LITERAL, NO_ACCESS

NO_ADDRESS = -1
NO_REGION = -1
REGION_COLUMNS = 3  # of a row of `region_rows`: first address, address behind the last, class
BEYOND_BYTES = 16 << 20  # behind a bank, of what does not fit in it
SYSTEM_BUS = 0x2000_0000  # below it the code bus serves (DDI 0403E, B3.1)


def region_rows(board: Board, classes: dict[str, int]) -> list[int]:
    """Rows for `region_of`, one a region, flash first because code is there; `classes` gives each role a number.

    What does not fit in a bank lies behind its end, where a plan goes on, and waits as if the bank were larger.
    """
    ordered = sorted(board.regions, key=lambda region: (region.kind != "flash", region.address))
    return [
        number
        for region in ordered
        if region.place in classes
        for number in (region.address, _reach(region, board.regions), classes[region.place])
    ]


def _reach(region: Region, regions: Sequence[Region]) -> int:
    """The address behind a region and what does not fit in it: at most where the next region begins."""
    end = region.address + region.bytes
    return min([end + BEYOND_BYTES, *(one.address for one in regions if one.address >= end)])


def unfollowed(board: Board, roles: frozenset[str]) -> tuple[str, ...]:
    """A sentence about the regions of these roles, if there are any: a memory system takes them as zero wait."""
    names = ", ".join(region.name for region in board.regions if region.place in roles)
    return (f"Accesses to {names} are taken as zero wait; none of their waiting is simulated.",) if names else ()


@inlined
def region_of(address: Any, parameters: Any, first: Any) -> Any:
    """Where in `parameters` the row of an address's region is, the rows beginning at `first`; NO_REGION for none."""
    found = NO_REGION
    at = first
    while found == NO_REGION and at < len(parameters):
        if parameters[at] <= address < parameters[at + 1]:
            found = at
        at += REGION_COLUMNS
    return found


@inlined
def data_address(k: Any, instructions: Any, base: Any, log: Any, at: Any, length: Any) -> Any:
    """The address that instruction `k` accesses; NO_ADDRESS where it accesses none, or its condition failed.

    `at` is the next word of the log, which is this access unless the instruction is a literal load; `base` is that of
    `halfword_base`.
    """
    address = instructions[k, LITERAL]
    if address < 0:
        address = NO_ADDRESS
        is_access = instructions[k, ACCESS] != NO_ACCESS and at < length and log[at] < 0
        if is_access and 2 * (log[at] >> 32 & 0x7FFFFFFF) == base + instructions[k, ADDRESS]:
            address = log[at] & 0xFFFFFFFF
    return address


@inlined
def halfword_base(block: Any, blocks: Any) -> Any:
    """What twice the number of a halfword in a block is beyond its address."""
    return 2 * blocks[block, BLOCK_HALFWORD] - blocks[block, BLOCK_ADDRESS]
