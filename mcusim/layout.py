"""Banks, application and sizes → the addresses of model, kernel code, arena and stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcusim.application import Application
from mcusim.arena import round_up
from mcusim.elf import Firmware
from mcusim.errors import UnsupportedError
from mcusim.hardware import Board
from mcusim.occupancy import beside_owners
from mcusim.placement import Bank, Banks, home_address

STACK_ROOM_BYTES = 4 << 10  # kept for the stack where the arena leaves less: several times what a kernel takes


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things begin, and the stretch of addresses of each."""

    arena: int
    stack_top: int
    model: int
    code: int
    spans: Mapping[str, tuple[int, int]]


def addresses(
    board: Board, banks: Banks, application: Application, firmware: Firmware, model_bytes: int, arena_bytes: int
) -> Addresses:
    """In each bank: what is reserved, the application, the model file if it lies there, then arena or code.

    Where something does not fit, addresses go on beyond the bank's end. Raises UnsupportedError for kernels that can
    lie at one address only, where the board has no room.
    """

    def front(bank: Bank) -> int:
        """The first address behind what is reserved and the application."""
        beside = beside_owners(application, bank, bank.address == home_address(board, bank.kind))
        return bank.start + sum(owner.bytes for owner in beside)

    model = round_up(front(banks.weights))
    model_end = model + model_bytes
    arena = round_up(model_end if banks.weights == banks.ram else front(banks.ram))
    arena_end = arena + arena_bytes
    stack_top = banks.ram.end & ~7
    if stack_top - arena_end < STACK_ROOM_BYTES:
        stack_top = arena_end + STACK_ROOM_BYTES
    code = round_up(front(banks.flash))
    if banks.weights == banks.flash or banks.weights.kind == "ram":
        code = round_up(code + model_bytes)
    if firmware.fixed_address is not None:
        code = _check_room(firmware, banks.flash, board)
        code_end = code + len(firmware.linked_image)
        if model < code_end and code < model_end:
            model = round_up(code_end)
            model_end = model + model_bytes
    spans = {
        "weights": (model, model_end),
        "code": (code, code + len(firmware.linked_image)),
        "RAM": (arena, stack_top),
    }
    return Addresses(arena, stack_top, model, code, spans)


def _check_room(firmware: Firmware, bank: Bank, board: Board) -> int:
    """The address of a firmware that can lie nowhere else, which has to be free flash of the board."""
    address = firmware.fixed_address
    assert address is not None
    if not bank.start <= address <= bank.end - len(firmware.linked_image):
        raise UnsupportedError(
            f"{firmware.name} is linked at {address:#010x} and keeps no relocations; on {board.id} code can lie from "
            f"{bank.start:#010x} to {bank.end:#010x}: link it there, or anywhere with -Wl,--emit-relocs"
        )
    return address
