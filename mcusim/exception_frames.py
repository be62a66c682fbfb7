"""Registers and memory of a core → the same as an exception enters or returns, by the rules of the architecture."""

from __future__ import annotations

import struct
from typing import Protocol

from mcusim.errors import EmulationError

# ARMv7-M ARM DDI 0403E, B1.5.6 to B1.5.8; ARMv8-M ARM DDI 0553, B3.18 to B3.22.
BASIC_WORDS, EXTENDED_WORDS, FLOAT_REGISTERS = 8, 26, 16
FRAME_ALIGNED = 1 << 9  # of the stacked xPSR: SP was moved to a multiple of 8
THUMB = 1 << 24
IPSR = 0x1FF
SPSEL, FPCA = 2, 4  # of CONTROL
TO_THREAD, TO_PSP, NO_FLOAT = 8, 4, 16  # of EXC_RETURN
EXC_RETURN_V7M = 0xFFFF_FFE1
EXC_RETURN_V8M = 0xFFFF_FFA0  # non-secure, all callee registers stacked by the program
LOWEST_EXC_RETURN = 0xFF00_0000
STACKED = ("r0", "r1", "r2", "r3", "r12", "lr")


class Registers(Protocol):
    """A core's registers by name ("r0" … "r12", "sp", "lr", "pc", "msp", "psp", "xpsr", "control", …) and memory."""

    def get(self, name: str) -> int:
        """A register's value."""

    def set(self, name: str, value: int) -> None:
        """Set a register."""

    def read_memory(self, address: int, size: int) -> bytes | None:
        """Bytes at an address, None where there is no memory."""

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write bytes; False where there is no memory."""


def enter(core: Registers, number: int, handler: int, is_v8m: bool, has_fpu: bool) -> int:
    """Push the frame and go to the handler of an exception; PC is where it returns to. The frame's address.

    Raises EmulationError where the stack is no memory.
    """
    control, xpsr = core.get("control"), core.get("xpsr")
    in_thread = xpsr & IPSR == 0
    on_psp = in_thread and bool(control & SPSEL)
    with_float = has_fpu and bool(control & FPCA)
    name = "psp" if on_psp else "msp"
    top = core.get(name)
    frame = (top - 4 * (EXTENDED_WORDS if with_float else BASIC_WORDS)) & ~7
    words = [core.get(register) for register in STACKED]
    words += [core.get("pc") & ~1, xpsr & ~FRAME_ALIGNED | (FRAME_ALIGNED if top & 4 else 0) | THUMB]
    if with_float:
        words += [core.get(f"s{n}") for n in range(FLOAT_REGISTERS)] + [core.get("fpscr"), 0]
    if not core.write_memory(frame & 0xFFFF_FFFF, struct.pack(f"<{len(words)}I", *words)):
        where = f"{frame & 0xFFFF_FFFF:#010x}"
        raise EmulationError(f"exception {number} pushes its frame to {where}, which is no memory: the stack overflows")
    core.set(name, frame)
    core.set("control", control & ~(SPSEL | FPCA))
    core.set("xpsr", xpsr & 0xF80F_0000 | THUMB | number)
    value = EXC_RETURN_V8M if is_v8m else EXC_RETURN_V7M
    value |= (TO_THREAD if in_thread else 0) | (TO_PSP if on_psp else 0) | (0 if with_float else NO_FLOAT)
    core.set("lr", value)
    core.set("pc", handler)
    return frame


def chain(core: Registers, number: int, handler: int, exc_return: int) -> None:
    """Go from the end of one exception to the handler of another; the frame stays."""
    core.set("xpsr", core.get("xpsr") & 0xF80F_0000 | THUMB | number)
    core.set("lr", exc_return)
    core.set("pc", handler)


def leave(core: Registers, exc_return: int, has_fpu: bool) -> int:
    """Pop the frame that EXC_RETURN tells of; its address. Raises EmulationError where the stack is no memory."""
    with_float = has_fpu and not exc_return & NO_FLOAT
    to_psp = bool(exc_return & TO_PSP and exc_return & TO_THREAD)
    name = "psp" if to_psp else "msp"
    frame = core.get(name)
    count = EXTENDED_WORDS if with_float else BASIC_WORDS
    data = core.read_memory(frame, 4 * count)
    if data is None:
        raise EmulationError(f"an exception returns with {name.upper()} at {frame:#010x}, which is no memory")
    words = struct.unpack(f"<{count}I", data)
    for register, value in zip(STACKED, words, strict=False):
        core.set(register, value)
    xpsr = words[7]
    control = core.get("control") & ~(SPSEL | FPCA)
    core.set("xpsr", xpsr & ~FRAME_ALIGNED)
    core.set("control", control | (SPSEL if to_psp else 0) | (FPCA if with_float else 0))
    if with_float:
        for number in range(FLOAT_REGISTERS):
            core.set(f"s{number}", words[8 + number])
        core.set("fpscr", words[24])
    core.set(name, frame + 4 * count + (4 if xpsr & FRAME_ALIGNED else 0))
    core.set("pc", words[6])
    return frame
