"""Frames of exceptions on a stack of memory; offsets and EXC_RETURN values are those of the architecture manuals."""

import struct

import pytest

from mcusim.errors import EmulationError
from mcusim.exception_frames import chain, enter, leave

BASE = 0x20000000


class Core:
    def __init__(self, **registers):
        self.registers = {f"r{number}": number for number in range(13)}
        self.registers |= {f"s{number}": 0x100 + number for number in range(32)} | {"fpscr": 0x03000000}
        self.registers |= {"lr": 0xAAAA, "pc": 0x08000101, "xpsr": 0x61000000, "control": 0}
        self.registers |= {"msp": BASE + 0x100, "psp": BASE + 0x80} | registers
        self.memory = bytearray(0x100)

    def get(self, name):
        return self.registers[name]

    def set(self, name, value):
        self.registers[name] = value & 0xFFFFFFFF

    def read_memory(self, address, size):
        offset = address - BASE
        return bytes(self.memory[offset : offset + size]) if 0 <= offset <= len(self.memory) - size else None

    def write_memory(self, address, data):
        offset = address - BASE
        if not 0 <= offset <= len(self.memory) - len(data):
            return False
        self.memory[offset : offset + len(data)] = data
        return True


def test_basic_frame():
    core = Core()
    assert enter(core, 15, 0x08000201, False, True) == BASE + 0xE0
    words = struct.unpack("<8I", core.memory[0xE0:0x100])
    assert words == (0, 1, 2, 3, 12, 0xAAAA, 0x08000100, 0x61000000)
    assert core.get("msp") == BASE + 0xE0 and core.get("pc") == 0x08000201
    assert core.get("lr") == 0xFFFFFFF9 and core.get("xpsr") & 0x1FF == 15


@pytest.mark.parametrize(
    "control, ipsr, v8m, expected",
    [
        (0, 0, False, 0xFFFFFFF9),
        (2, 0, False, 0xFFFFFFFD),
        (0, 11, False, 0xFFFFFFF1),
        (0, 0, True, 0xFFFFFFB8),
        (2, 0, True, 0xFFFFFFBC),
        (0, 11, True, 0xFFFFFFB0),
        (4, 0, False, 0xFFFFFFE9),
        (6, 0, False, 0xFFFFFFED),
    ],
)
def test_there_and_back(control, ipsr, v8m, expected):
    """The interrupted state is back after the return, whatever the handler did to the caller-saved registers."""
    core = Core(control=control, xpsr=0x61000000 | ipsr, msp=BASE + 0xFC if control == 4 else BASE + 0x100)
    before = dict(core.registers)
    frame = enter(core, 14, 0x08000201, v8m, True)
    assert core.get("lr") == expected and core.get("control") & 6 == 0
    for name in ("r0", "r1", "r2", "r3", "r12", "lr", "s0", "s15", "fpscr"):
        if not name.startswith(("s", "f")) or control & 4:
            core.set(name, 0xDEAD)
    core.set("xpsr", 0x0100000E)
    assert leave(core, expected, True) == frame
    assert core.registers == before | {"pc": before["pc"] & ~1}


def test_a_stack_that_is_not_aligned():
    core = Core(msp=BASE + 0x9C)
    enter(core, 15, 0x08000201, False, False)
    assert core.get("msp") == BASE + 0x78 and core.memory[0x78 + 29] & 2, "bit 9 of the stacked xPSR"
    leave(core, 0xFFFFFFF9, False)
    assert core.get("msp") == BASE + 0x9C and core.get("xpsr") == 0x61000000


def test_chaining_keeps_the_frame():
    core = Core()
    enter(core, 15, 0x08000201, False, False)
    chain(core, 14, 0x08000301, core.get("lr"))
    assert core.get("msp") == BASE + 0xE0 and core.get("xpsr") & 0x1FF == 14
    leave(core, core.get("lr"), False)
    assert core.get("pc") == 0x08000100


def test_a_stack_that_overflows():
    with pytest.raises(EmulationError, match="the stack overflows"):
        enter(Core(msp=BASE + 8), 15, 0x08000201, False, False)
    with pytest.raises(EmulationError, match="PSP at 0x30000000, which is no memory"):
        leave(Core(psp=0x30000000), 0xFFFFFFFD, False)
