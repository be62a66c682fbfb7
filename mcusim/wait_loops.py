"""An emulated chip → whether its program goes round in a loop that only waits for an interrupt."""

from __future__ import annotations

import zlib

from mcusim import observer
from mcusim.bare_metal import Machine, Stop

PROBED_BLOCKS = 64  # a loop that waits is shorter


def only_waits(machine: Machine, most_instructions: int) -> bool | Stop:
    """Whether execution comes back to the same state without changing memory or touching peripherals.

    It goes on for some blocks to find out, and most likely not for more than that many instructions; a stop that came
    up meanwhile is for the caller to deal with.
    """
    last = machine.recorder.instructions + most_instructions
    touched = machine.peripherals.accesses, machine.control.clock_reads
    memory: int | None = None
    before = machine.registers()
    for _ in range(PROBED_BLOCKS):
        stop = machine.execute(machine.recorder.next_instructions)
        if stop.kind != "block":
            return stop
        if machine.stop_requested or machine.recorder.instructions >= last:
            return False
        if (machine.peripherals.accesses, machine.control.clock_reads) != touched:
            return False
        if memory is None and _stores(machine, machine.recorder.last_block()):
            memory, before = checksum(machine), machine.registers()  # once around again, with an eye on memory
        elif machine.registers() == before:
            return memory is None or checksum(machine) == memory
    return False


def _stores(machine: Machine, key: int) -> bool:
    """Whether a block writes memory."""
    if key == observer.NO_BLOCK:
        return True
    block = machine.code.block(key, None).block
    return any(one.access is not None and one.access.kind == "store" for one in block.instructions)


def checksum(machine: Machine) -> int:
    """A number that changes with the content of RAM."""
    value = 0
    for bank in machine.banks:
        if bank.kind == "ram":
            value = zlib.crc32(bank.memory.data, value)
    return value
