"""A chip family's TOML file → Chip: reset values, ready flags, serial ports and timers of its peripherals."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError, UnsupportedError

PACKAGE = Path(__file__).parent / "chips"
FILE_LIMIT_BYTES = 1 << 20
GENERIC = "generic"
ADDRESS_SPACE_BYTES = 1 << 32
MOST_ALIASED_BYTES = 64 << 20
MOST_ROWS = 1000
MOST_WAIT_STATES = 255

UartKind = Literal["stm32_isr", "stm32_sr", "pl011", "nrf_uart"]
What = Literal["wait_states", "prefetch", "instruction_cache", "data_cache"]


@dataclass(frozen=True, slots=True)
class Follow:
    """Bits of a register that read as others were written: `bits` show again `shift` places to the left."""

    bits: int
    shift: int


@dataclass(frozen=True, slots=True)
class Register:
    """What is known of one register: value after reset, bits that follow others, bits that always read 1."""

    name: str
    address: int
    source: str
    reset: int = 0
    follow: tuple[Follow, ...] = ()
    ones: int = 0


@dataclass(frozen=True, slots=True)
class Trigger:
    """A write of 1 to the task at `address` makes the event at `event` read 1, as on nRF chips."""

    name: str
    address: int
    event: int
    source: str


@dataclass(frozen=True, slots=True)
class Uart:
    """A serial port: what its registers are like, and its interrupt."""

    name: str
    kind: UartKind
    address: int
    irq: int
    source: str


@dataclass(frozen=True, slots=True)
class Timer:
    """An STM32 timer: how wide its counter is, and its update interrupt."""

    name: str
    address: int
    bits: Literal[16, 32]
    irq: int
    source: str


@dataclass(frozen=True, slots=True)
class Crc:
    """An STM32 CRC unit."""

    name: str
    address: int
    source: str


@dataclass(frozen=True, slots=True)
class Dma:
    """A controller of direct memory access, whose transfers do not happen: `control` is where the control register of
    its first channel or stream is, `stride` how far the next one's."""

    name: str
    address: int
    control: int
    stride: int
    channels: int
    source: str


@dataclass(frozen=True, slots=True)
class Alias:
    """Memory that is seen a second time: `bytes` at `address` are those at `of`."""

    name: str
    address: int
    of: int
    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class Zeros:
    """Memory that the program may read and whose content is not known: it reads as 0, and can be written."""

    name: str
    address: int
    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Registers that programs poll for the outside world, so that no value is made up for them: pins."""

    name: str
    address: int
    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Bits of a register by which a program sets how flash answers.

    Wait states are the number that the bits hold, wherever in the register they are; the others are on where any bit
    is 1. Several rows may set the same: the register that was written last counts.
    """

    what: What
    name: str
    address: int
    bits: int
    source: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A family of chips; `mcus` are the beginnings of the names of its members.

    `priority_bits`: how many bits of an interrupt's priority there are, None where the core decides;
    `systick_divider`: core cycles in a tick of SysTick's other clock; `bit_band`: peripheral bits are also words.
    """

    id: str
    name: str
    mcus: tuple[str, ...]
    source: str
    priority_bits: int | None = None
    systick_divider: int = 8
    bit_band: bool = False
    set_clear_aliases: bool = False
    register: tuple[Register, ...] = ()
    trigger: tuple[Trigger, ...] = ()
    setting: tuple[Setting, ...] = ()
    uart: tuple[Uart, ...] = ()
    timer: tuple[Timer, ...] = ()
    crc: tuple[Crc, ...] = ()
    dma: tuple[Dma, ...] = ()
    alias: tuple[Alias, ...] = ()
    zeros: tuple[Zeros, ...] = ()
    plain: tuple[Plain, ...] = ()


def chip_names() -> tuple[str, ...]:
    """The chip families that come with mcusim, sorted."""
    return tuple(sorted(path.stem for path in PACKAGE.glob("*.toml")))


def load_chip(name_or_path: str | os.PathLike[str]) -> Chip:
    """A chip family by its name, or out of a TOML file of the user's.

    Raises UnsupportedError for a name that is neither, with the known ones; BadInputError for a file with anything
    wrong, missing or unknown in it.
    """
    given = os.fspath(name_or_path)
    if given in chip_names():
        return parse_chip((PACKAGE / f"{given}.toml").read_text(encoding="utf-8"), f"chips/{given}.toml")
    if not given.endswith(".toml"):
        guess = documents.nearest(given, chip_names())
        hint = f"did you mean {guess!r}? " if guess else ""
        known = ", ".join(chip_names())
        raise UnsupportedError(f"unknown chip {given!r}; {hint}known chips: {known}; or give the path of a .toml file")
    return parse_chip(documents.read_text(given, FILE_LIMIT_BYTES, "a chip's TOML file"), given)


def chip_of(mcu: str) -> Chip:
    """The family of a board's microcontroller: that with the longest matching beginning, else the generic one."""
    chips = [load_chip(name) for name in chip_names()]
    matches = [(len(begin), chip) for chip in chips for begin in chip.mcus if mcu.upper().startswith(begin.upper())]
    if not matches:
        return load_chip(GENERIC)
    return max(matches, key=lambda match: match[0])[1]


def parse_chip(text: str, shown: str) -> Chip:
    """`load_chip` of a file's text; `shown` names the file in refusals."""
    chip = documents.build(Chip, documents.parse_toml(text, shown, "a chip's TOML file"), shown)
    _check(chip, shown)
    return chip


def _check(chip: Chip, file: str) -> None:
    if chip.priority_bits is not None:
        _check_range(file, "priority_bits", chip.priority_bits, 1, 8)
    _check_range(file, "systick_divider", chip.systick_divider, 1, 1 << 20)
    for index, register in enumerate(chip.register):
        _check_word(file, f"register[{index}].address", register.address)
        for key, value in (("reset", register.reset), ("ones", register.ones)):
            _check_range(file, f"register[{index}].{key}", value, 0, ADDRESS_SPACE_BYTES - 1)
        for follow in register.follow:
            _check_range(file, f"register[{index}].follow.bits", follow.bits, 1, ADDRESS_SPACE_BYTES - 1)
            _check_range(file, f"register[{index}].follow.shift", follow.shift, -31, 31)
    for index, trigger in enumerate(chip.trigger):
        _check_word(file, f"trigger[{index}].address", trigger.address)
        _check_word(file, f"trigger[{index}].event", trigger.event)
    for index, setting in enumerate(chip.setting):
        _check_word(file, f"setting[{index}].address", setting.address)
        _check_range(file, f"setting[{index}].bits", setting.bits, 1, ADDRESS_SPACE_BYTES - 1)
        if setting.what == "wait_states":
            value = setting.bits // (setting.bits & -setting.bits)
            _check_range(file, f"setting[{index}].bits without the zeros behind them", value, 1, MOST_WAIT_STATES)
    for index, unit in enumerate(chip.crc):
        _check_word(file, f"crc[{index}].address", unit.address)
    for index, controller in enumerate(chip.dma):
        _check_word(file, f"dma[{index}].address", controller.address)
        for key, number in (("control", controller.control), ("stride", controller.stride)):
            _check_range(file, f"dma[{index}].{key}", number, 4, 0x1000)
        _check_range(file, f"dma[{index}].channels", controller.channels, 1, 32)
    devices: dict[str, tuple[Uart | Timer, ...]] = {"uart": chip.uart, "timer": chip.timer}
    for kind, members in devices.items():
        for index, device in enumerate(members):
            _check_word(file, f"{kind}[{index}].address", device.address)
            _check_range(file, f"{kind}[{index}].irq", device.irq, 0, 479)
    ranges: dict[str, tuple[Alias | Zeros | Plain, ...]] = {
        "alias": chip.alias,
        "zeros": chip.zeros,
        "plain": chip.plain,
    }
    for kind, rows in ranges.items():
        for index, one in enumerate(rows):
            _check_range(file, f"{kind}[{index}].bytes", one.bytes, 1, MOST_ALIASED_BYTES)
            _check_range(file, f"{kind}[{index}].address", one.address, 0, ADDRESS_SPACE_BYTES - one.bytes)
    for index, alias in enumerate(chip.alias):
        _check_range(file, f"alias[{index}].of", alias.of, 0, ADDRESS_SPACE_BYTES - alias.bytes)
    most = max(
        len(chip.register),
        len(chip.trigger),
        len(chip.setting),
        len(chip.dma),
        *map(len, devices.values()),
        *map(len, ranges.values()),
    )
    if most > MOST_ROWS:
        raise BadInputError(f"{file}: expected at most {MOST_ROWS} rows of a kind")


def _check_word(file: str, key: str, address: int) -> None:
    _check_range(file, key, address, 0x4000_0000, 0xFFFF_FFFC)
    if address % 4:
        raise BadInputError(f"{file}: {key}: expected a multiple of 4, found {address:#x}")


def _check_range(file: str, key: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise BadInputError(f"{file}: {key}: expected {low:#x} to {high:#x}, found {value:#x}")
