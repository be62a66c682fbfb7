"""Loops that only wait, and loops that do something."""

import struct

import pytest

from mcusim.bare_metal import Machine, Stop
from mcusim.chips import load_chip
from mcusim.console import Console
from mcusim.hardware import Region, load_core
from mcusim.images import parse_image
from mcusim.wait_loops import only_waits

FLASH, RAM = 0x08000000, 0x20000000
REGIONS = (Region("flash", "flash", FLASH, 0x400, "t"), Region("RAM", "ram", RAM, 0x400, "t"))


@pytest.mark.parametrize(
    "code, expected",
    [
        ([0xE7FE], True),  # b .
        ([0x6808, 0x2800, 0xD0FC, 0xE7FB], True),  # ldr r0, [r1]; cmp; beq; b
        ([0x3001, 0xE7FD], False),  # counts
        ([0x6008, 0xE7FD], True),  # stores the same again and again
        ([0x6808, 0x3001, 0x6008, 0xE7FB], False),  # counts in memory
        ([0x6810, 0xE7FD], False),  # reads a peripheral
    ],
)
def test_loops(code, expected):
    machine = machine_of(code)
    assert machine.execute(20).kind == "block"
    assert only_waits(machine, 1000) is expected


def test_something_that_comes_up_meanwhile():
    machine = machine_of([0x3801, 0xD1FD, 0xBF30])  # counts down, then sleeps
    machine.set("r0", 20)
    assert machine.execute(10).kind == "block"
    found = only_waits(machine, 1000)
    assert isinstance(found, Stop) and found.kind == "wfi"


def machine_of(code):
    image = parse_image(struct.pack(f"<{len(code)}H", *code), "x", FLASH)
    machine = Machine(load_core("cortex_m4"), load_chip("generic"), REGIONS, image, Console([], 1_000_000), [])
    machine.set("r1", RAM)
    machine.set("r2", 0x40000000)
    machine.go_to(FLASH | 1, "the code")
    return machine
