"""A chip and a program's accesses to its registers → values that get it through its ready loops to its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcusim.chips import Chip, Register
from mcusim.console import Console
from mcusim.crc_unit import CrcUnit
from mcusim.timers import Stm32Timer
from mcusim.uarts import Memory, NrfUart, Pl011, Stm32Isr, Stm32Sr, Uart

WORD = 0xFFFF_FFFF
# The bit-band alias of peripherals: a word for each bit (DDI 0403E, B3.1.1).
BIT_BAND, BIT_BAND_BYTES, BIT_BAND_OF = 0x4200_0000, 0x200_0000, 0x4000_0000
# From this read on of one register at one place, without a write nearby, a value is made up.
PATIENCE = 4
NEARBY_BYTES = 0x400
DMA_ENABLE = 1  # of the control register of a channel or stream
_SEED = 0x6D637573
_SET_CLEAR_PERIPHERALS = range(0x4000_0000, 0x6000_0000)


class _Device(Protocol):
    """Something with `BYTES` of registers of its own."""

    BYTES: int

    def read(self, offset: int) -> int:
        """The word at an offset."""

    def write(self, offset: int, value: int) -> None:
        """Write the word at an offset."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What peripherals need of the machine: its clocks, exact and cheap, where the program is, and its memory.

    `noticed` is called when the program reads a timer.
    """

    cycles: Callable[[], int]
    estimate: Callable[[], int]
    place: Callable[[], int]
    memory: Memory
    noticed: Callable[[], None]


class Peripherals:
    """All registers of a chip outside the core.

    A register returns what was written last and starts at its reset value; rules of the chip refine that. A program
    that reads one register again and again waits for something: it gets all ones, then 0, then its value shifted,
    then pseudo-random words of a fixed seed, until it goes on.
    """

    def __init__(self, chip: Chip, console: Console, around: Surroundings) -> None:
        """Registers as they are after reset."""
        self._chip = chip
        self._place = around.place
        self._words: dict[int, int] = {}
        self._rules: dict[int, Register] = {}
        for register in chip.register:
            self._rules[register.address] = register
            self._words[register.address] = register.reset
        self._triggers = {one.address: one.event for one in chip.trigger}
        self._uarts = {one.address: _uart(one.kind, console, around) for one in chip.uart}
        self._timers = {one.address: Stm32Timer(one.bits, around.cycles, around.noticed) for one in chip.timer}
        self._crc_units = {one.address: CrcUnit() for one in chip.crc}
        self._irqs = {one.address: one.irq for one in chip.uart} | {one.address: one.irq for one in chip.timer}
        self._devices: dict[int, _Device] = {**self._uarts, **self._timers, **self._crc_units}
        self._plain = [range(one.address, one.address + one.bytes) for one in chip.plain]
        self._reads: dict[tuple[int, int], int] = {}  # (register, place) → reads without a write nearby
        self._random = np.random.default_rng(_SEED)
        self._dma_controls = {
            one.address + one.control + one.stride * channel: one.name
            for one in chip.dma
            for channel in range(one.channels)
        }
        self.started_dma: dict[str, None] = {}  # controllers of direct memory access that the program started, in order
        self.made_up: dict[int, int] = {}  # register → values made up
        self.written: set[int] = set()
        self.accesses = 0
        self.same_reads = 0  # of one register of a device in a row, that gave the same value and will do so again
        self._last_read = (-1, -1)  # register and value

    def read(self, address: int, size: int) -> int:
        """What the program reads: `size` bytes at an address."""
        self.accesses += 1
        word = self._read_word(address & ~3)
        return word >> 8 * (address & 3) & (1 << 8 * size) - 1

    def write(self, address: int, size: int, value: int) -> bool:
        """The program writes `size` bytes; whether interrupts may come at other times than before."""
        self.accesses += 1
        self.same_reads = 0
        shift, mask = 8 * (address & 3), (1 << 8 * size) - 1
        word = address & ~3
        first = self._device_at(word)
        if first is None:
            if size < 4:
                value = self._words.get(self._target(word), 0) & ~(mask << shift) | (value & mask) << shift
            self._write_word(word, value & WORD)
        elif first in self._crc_units:
            self._crc_units[first].write(word - first, value & mask, size)
        else:
            self._devices[first].write(word - first, value & mask)
            return first in self._timers or self._uarts[first].pending()
        return False

    def pending(self) -> list[int]:
        """The interrupts that are asked for now."""
        asking = [first for first, one in self._uarts.items() if one.pending()]
        asking += [first for first, one in self._timers.items() if one.pending()]
        return [self._irqs[first] for first in asking]

    def next_event(self) -> int | None:
        """The cycle at which the next timer asks for an interrupt."""
        events = [one.next_event() for one in self._timers.values()]
        return min((event for event in events if event is not None), default=None)

    def input_irqs(self) -> list[int]:
        """The interrupts of serial ports that a byte would raise."""
        return [self._irqs[first] for first, one in self._uarts.items() if one.wants_input()]

    def word(self, address: int) -> int:
        """What was last written to a register, for reports; its reset value before."""
        return self._words.get(address, 0)

    def _read_word(self, address: int) -> int:
        first = self._device_at(address)
        if first is not None:
            value = self._devices[first].read(address - first) & WORD
            self._note_read(first, address, value)
            return value
        if self._chip.bit_band and BIT_BAND <= address < BIT_BAND + BIT_BAND_BYTES:
            register, bit = _banded(address)
            return self._read_word(register) >> bit & 1
        address = self._target(address)
        value = self._words.get(address, 0)
        rule = self._rules.get(address)
        if rule is not None:
            value = _ruled(rule, value)
        if any(address in plain for plain in self._plain):
            return value
        return self._impatient(address, value)

    def _write_word(self, address: int, value: int) -> None:
        if self._chip.bit_band and BIT_BAND <= address < BIT_BAND + BIT_BAND_BYTES:
            register, bit = _banded(address)
            self._write_word(register, self._words.get(register, 0) & ~(1 << bit) | (value & 1) << bit)
            return
        target = self._target(address)
        if target != address:
            before = self._words.get(target, 0)
            kind = address >> 12 & 3
            value = before ^ value if kind == 1 else before | value if kind == 2 else before & ~value
        self._words[target] = value
        self.written.add(target)
        controller = self._dma_controls.get(target)
        if controller is not None and value & DMA_ENABLE:
            self.started_dma[controller] = None
        event = self._triggers.get(target)
        if event is not None and value & 1:
            self._words[event] = 1
        if self._reads:
            self._reads = {key: count for key, count in self._reads.items() if abs(key[0] - target) >= NEARBY_BYTES}

    def _target(self, address: int) -> int:
        """The register that an atomic alias stands for (RP2040 datasheet, 2.1.2): XOR, set and clear."""
        if self._chip.set_clear_aliases and address in _SET_CLEAR_PERIPHERALS:
            return address & ~0x3000
        return address

    def _device_at(self, address: int) -> int | None:
        """Where the device begins that has a register at an address."""
        for first, one in self._devices.items():
            if first <= address < first + one.BYTES:
                return first
        return None

    def _note_read(self, first: int, address: int, value: int) -> None:
        """Count reads that tell a program nothing new; a timer that counts may do so yet."""
        timer = self._timers.get(first)
        again = self._last_read == (address, value) and not (timer is not None and timer.counts)
        self.same_reads = self.same_reads + 1 if again else 0
        self._last_read = address, value

    def _impatient(self, address: int, value: int) -> int:
        """The register's value, or one made up for a program that waits for another."""
        key = (address, self._place())
        count = self._reads[key] = self._reads.get(key, 0) + 1
        if count < PATIENCE:
            return value
        self.made_up[address] = self.made_up.get(address, 0) + 1
        tries: Sequence[int] = (WORD, 0, value | value << 1, value | value << 2, value >> 1, value >> 2, value << 16)
        number = count - PATIENCE
        return (tries[number] if number < len(tries) else int(self._random.integers(0, 1 << 32))) & WORD


def _uart(kind: str, console: Console, around: Surroundings) -> Uart:
    if kind == "stm32_isr":
        return Stm32Isr(console, around.estimate)
    if kind == "stm32_sr":
        return Stm32Sr(console, around.estimate)
    if kind == "pl011":
        return Pl011(console, around.estimate)
    return NrfUart(console, around.estimate, around.memory)


def _ruled(rule: Register, value: int) -> int:
    """A register's value with the bits that follow others, and those that always read 1."""
    for follow in rule.follow:
        shown = value & follow.bits
        moved = shown << follow.shift if follow.shift >= 0 else shown >> -follow.shift
        place = follow.bits << follow.shift if follow.shift >= 0 else follow.bits >> -follow.shift
        value = value & ~place | moved
    return (value | rule.ones) & WORD


def _banded(address: int) -> tuple[int, int]:
    """Register and bit of a word of the bit-band alias."""
    number = (address - BIT_BAND) // 4
    byte = BIT_BAND_OF + number // 8
    return byte & ~3, 8 * (byte & 3) + number % 8
