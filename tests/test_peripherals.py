"""Registers of a chip: what was written, reset values, ready flags, and values for loops that wait."""

import pytest

from mcusim.chips import parse_chip
from mcusim.console import Console
from mcusim.peripherals import PATIENCE, Peripherals, Surroundings

CHIP = """
id = "x"
name = "X"
mcus = ["X1"]
source = "a test"
bit_band = true
set_clear_aliases = {aliases}
register = [
  {{ name = "CR", address = 0x4002_1000, reset = 0x63, source = "t", follow = [
    {{ bits = 0x100, shift = 2 }}, {{ bits = 0xC000, shift = -12 }}
  ] }},
  {{ name = "SR", address = 0x4000_7014, ones = 0x100, source = "t" }},
]
trigger = [{{ name = "START", address = 0x4000_0000, event = 0x4000_0100, source = "t" }}]
uart = [{{ name = "U", kind = "stm32_isr", address = 0x4001_3800, irq = 37, source = "t" }}]
timer = [{{ name = "T", address = 0x4000_1000, bits = 16, irq = 54, source = "t" }}]
plain = [{{ name = "GPIO", address = 0x4800_0000, bytes = 0x400, source = "t" }}]
"""


class World:
    place = 0x100
    cycles = 0
    noticed = 0


def peripherals(aliases="false"):
    world = World()

    def notice():
        world.noticed += 1

    around = Surroundings(lambda: world.cycles, lambda: world.cycles, lambda: world.place, None, notice)
    return world, Peripherals(parse_chip(CHIP.format(aliases=aliases), "x.toml"), Console([], 1_000_000), around)


def test_registers_remember():
    _, registers = peripherals()
    assert registers.read(0x4005_0000, 4) == 0
    registers.write(0x4005_0000, 4, 0x12345678)
    registers.write(0x4005_0001, 1, 0xAB)
    registers.write(0x4005_0002, 2, 0xCDEF)
    assert registers.read(0x4005_0000, 4) == 0xCDEFAB78
    assert registers.read(0x4005_0001, 1) == 0xAB and registers.word(0x4005_0000) == 0xCDEFAB78


def test_reset_value_flags_and_ones():
    _, registers = peripherals()
    assert registers.read(0x4002_1000, 4) == 0x63
    registers.write(0x4002_1000, 4, 0x63 | 0x100 | 0x8000)
    assert registers.read(0x4002_1000, 4) == 0x8563 & ~0xC | 0x8
    registers.write(0x4002_1000, 4, 0x400)
    assert registers.read(0x4002_1000, 4) == 0, "a flag without its switch is clear"
    assert registers.read(0x4000_7014, 4) == 0x100


def test_a_loop_gets_other_values_and_a_write_nearby_ends_that():
    world, registers = peripherals()
    registers.write(0x4005_0000, 4, 0x5)
    seen = [registers.read(0x4005_0000, 4) for _ in range(PATIENCE + 8)]
    assert seen[: PATIENCE - 1] == [5] * (PATIENCE - 1)
    assert seen[PATIENCE - 1 : PATIENCE + 3] == [0xFFFFFFFF, 0, 5 | 10, 5 | 20]
    assert len(set(seen)) > 8 and registers.made_up == {0x4005_0000: 9}
    world.place = 0x200
    assert registers.read(0x4005_0000, 4) == 5, "elsewhere in the program it is another question"
    world.place = 0x100
    registers.write(0x4005_0004, 4, 1)
    assert registers.read(0x4005_0000, 4) == 5
    again = peripherals()[1]
    again.write(0x4005_0000, 4, 0x5)
    assert [again.read(0x4005_0000, 4) for _ in range(PATIENCE + 8)] == seen, "the same every time"


def test_pins_are_never_made_up():
    _, registers = peripherals()
    assert {registers.read(0x4800_0010, 4) for _ in range(20)} == {0}


def test_bit_band():
    _, registers = peripherals()
    registers.write(0x4200_0000 + 32 * 0x2_1000 + 4 * 8, 4, 1)
    assert registers.read(0x4002_1000, 4) == 0x563
    assert registers.read(0x4200_0000 + 32 * 0x2_1000 + 4 * 10, 4) == 1


def test_atomic_aliases():
    _, registers = peripherals("true")
    registers.write(0x4005_0000, 4, 0b1100)
    registers.write(0x4005_1000, 4, 0b1010)
    assert registers.word(0x4005_0000) == 0b0110
    registers.write(0x4005_2000, 4, 0b0001)
    registers.write(0x4005_3000, 4, 0b0010)
    assert registers.read(0x4005_0000, 4) == 0b0101


def test_a_task_sets_its_event():
    _, registers = peripherals()
    assert registers.read(0x4000_0100, 4) == 0
    registers.write(0x4000_0000, 4, 1)
    assert registers.read(0x4000_0100, 4) == 1
    registers.write(0x4000_0100, 4, 0)
    assert registers.read(0x4000_0100, 4) == 0


def test_devices_and_their_interrupts():
    world, registers = peripherals()
    assert registers.pending() == [] and registers.input_irqs() == []
    assert not registers.write(0x4001_3828, 1, ord("a"))
    assert registers.write(0x4001_3800, 4, 0xAD), "TXEIE asks for the interrupt at once"
    assert registers.pending() == [37] and registers.input_irqs() == [37]
    assert registers.write(0x4000_100C, 4, 1) and registers.write(0x4000_1000, 4, 1)
    assert registers.next_event() == 0x10000
    world.cycles = 0x10000
    assert registers.pending() == [37, 54]
    assert world.noticed == 0
    registers.read(0x4000_1024, 4)
    assert world.noticed == 1


@pytest.mark.parametrize("size", [1, 2, 4])
def test_sizes_are_masked(size):
    _, registers = peripherals()
    registers.write(0x4005_0000, size, 2**40 - 1)
    assert registers.read(0x4005_0000, 4) == 2 ** (8 * size) - 1
