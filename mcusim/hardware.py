"""Cores and boards as data read from TOML files, in which every fact names its source."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError, UnsupportedError

ADDRESS_SPACE_BYTES = 2**32  # a Cortex-M address has 32 bits
MEMORY_END = 0xE000_0000  # from here on lies the private peripheral bus (ARMv7-M ARM DDI 0403E, B3.1)
# Larger than any board's, external memory included; all RAM of a bank is simulated, and costs as much of the host's.
LARGEST_REGION_BYTES = {"ram": 64 << 20, "flash": 256 << 20}
REGION_ALIGNMENT = 4
FILE_LIMIT_BYTES = 1 << 20  # the longest hardware file that is read; real ones have a few kilobytes
PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class InstructionTiming:
    """Cycles that an instruction takes by itself, the cause they count under, and the document."""

    cycles: int
    cause: str
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The value of one named pipeline rule, and where it comes from."""

    value: int
    source: str


@dataclass(frozen=True, slots=True)
class Core:
    """A core: what it can execute and how long that takes.

    `isa` names the firmware in mcusim/firmware/; `emulated_as` the CPU model it runs on; `pipeline` the
    module in mcusim/pipelines/ that gives `rules` their meaning.
    """

    id: str
    name: str
    isa: str
    dsp: bool
    mve: bool
    fpu: str | None
    emulated_as: str
    pipeline: str
    timings: Mapping[str, InstructionTiming]
    rules: Mapping[str, Rule]


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


@dataclass(frozen=True, slots=True)
class Reserve:
    """Bytes that the platform takes before the application: bootloader, core library, RTOS."""

    bytes: int
    what: str
    source: str


@dataclass(frozen=True, slots=True)
class WaitStates:
    """Wait states of flash up to a clock."""

    up_to_hz: int
    cycles: int


@dataclass(frozen=True, slots=True)
class FlashTiming:
    """How flash answers at the board's clock; `wait_states` is None where the vendor does not say.

    `steps` are the wait states of all clocks, rising, where they are known.
    """

    wait_states: int | None
    rule: str
    accelerator: str
    source: str
    steps: tuple[WaitStates, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One figure of a memory system; several values where it is not known which of them is true."""

    values: tuple[float, ...]
    source: str


@dataclass(frozen=True, slots=True)
class MemorySystem:
    """What lies between core and memories: `model` names the module in mcusim/memories/ that knows the parameters."""

    model: str
    source: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Power:
    """Supply current while running code, under the condition that the source gives."""

    current_a: float
    voltage_v: float
    clock_hz: int
    measured: bool
    condition: str
    source: str


@dataclass(frozen=True, slots=True)
class Board:
    """A board: core, clock, memory and what the platform keeps of it.

    `power` is None where no figure is known, and `power_reason` then says why. `rules` override the core's
    pipeline rules of the same name.
    """

    id: str
    name: str
    mcu: str
    core: str
    fpu: str | None
    clock_hz: int
    clock_source: str
    regions: tuple[Region, ...]
    reserved_ram: Reserve
    reserved_flash: Reserve
    flash_timing: FlashTiming
    memory: MemorySystem | None
    power: Power | None
    power_reason: str | None
    rules: Mapping[str, Rule]
    notes: str
    file: str

    @property
    def ram_bytes(self) -> int:
        """RAM of all banks."""
        return sum(region.bytes for region in self.regions if region.kind == "ram")

    @property
    def flash_bytes(self) -> int:
        """Flash of all banks."""
        return sum(region.bytes for region in self.regions if region.kind == "flash")

    @property
    def largest_ram_bytes(self) -> int:
        """The longest run of RAM without a gap in its addresses: neighbouring banks serve as one."""
        longest = length = end = 0
        for region in sorted((one for one in self.regions if one.kind == "ram"), key=lambda one: one.address):
            length = length + region.bytes if region.address == end else region.bytes
            end = region.address + region.bytes
            longest = max(longest, length)
        return longest


def board_names() -> tuple[str, ...]:
    """The boards that come with mcusim, sorted."""
    return _names("boards")


def core_names() -> tuple[str, ...]:
    """The cores that come with mcusim, sorted."""
    return _names("cores")


def load_board(name_or_path: str | os.PathLike[str]) -> Board:
    """A board by its name, or out of a TOML file of the user's.

    Raises UnsupportedError for a name that is neither, with the known ones; BadInputError for a file with anything
    wrong, missing or unknown in it. A `core` that ends in .toml is a path relative to the board's file.
    """
    path, shown = _locate("boards", "board", name_or_path)
    file = documents.build(_BoardFile, _table(path, shown, "a board's TOML file"), shown, nulls=("none", "unknown"))
    _check_board(file, shown)
    core = os.fspath(path.parent / file.core) if file.core.endswith(".toml") else file.core
    return Board(
        id=file.id,
        name=file.name,
        mcu=file.mcu,
        core=core,
        fpu=file.fpu,
        clock_hz=file.clock.hz,
        clock_source=file.clock.source,
        regions=file.region,
        reserved_ram=file.reserved.ram,
        reserved_flash=file.reserved.flash,
        flash_timing=file.flash,
        memory=file.memory,
        power=file.power,
        power_reason=file.power_reason,
        rules=file.rules,
        notes=file.notes,
        file=shown,
    )


def load_core(name_or_path: str | os.PathLike[str]) -> Core:
    """A core by its name, or out of a TOML file of the user's; errors as `load_board`."""
    path, shown = _locate("cores", "core", name_or_path)
    file = documents.build(_CoreFile, _table(path, shown, "a core's TOML file"), shown, nulls=("none",))
    timings: dict[str, InstructionTiming] = {}
    for index, row in enumerate(file.instruction):
        key = f"instruction[{index}]"
        _check_range(shown, f"{key}.cycles", row.cycles, 0, 1000)
        for mnemonic in row.mnemonics:
            if mnemonic in timings:
                raise BadInputError(f"{shown}: {key}.mnemonics: expected each mnemonic once, found {mnemonic!r} again")
            timings[mnemonic] = InstructionTiming(row.cycles, row.cause, row.source)
    for name, rule in file.rules.items():
        _check_range(shown, f"rules.{name}.value", rule.value, 0, 1000)
    return Core(
        id=file.id,
        name=file.name,
        isa=file.isa,
        dsp=file.dsp,
        mve=file.mve,
        fpu=file.fpu,
        emulated_as=file.emulated_as,
        pipeline=file.pipeline,
        timings=timings,
        rules=file.rules,
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """[clock] of a board's file."""

    hz: int
    source: str


@dataclass(frozen=True, slots=True)
class _Reserved:
    """[reserved.ram] and [reserved.flash] of a board's file."""

    ram: Reserve
    flash: Reserve


@dataclass(frozen=True, slots=True)
class _BoardFile:
    """A board's file; `source` is where the identity of board, MCU and core is from."""

    id: str
    name: str
    mcu: str
    core: str
    fpu: str | None
    source: str
    clock: _Clock
    flash: FlashTiming
    region: tuple[Region, ...]
    reserved: _Reserved
    power: Power | None
    power_reason: str | None
    memory: MemorySystem | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True, slots=True)
class _InstructionRow:
    """One [[instruction]] of a core's file; the causes are those of trace.CAUSES."""

    mnemonics: tuple[str, ...]
    cycles: int
    cause: Literal["issue", "load_store", "branch", "multiply_divide", "hazard", "fetch", "flash_data", "cache"]
    source: str


@dataclass(frozen=True, slots=True)
class _CoreFile:
    """A core's file; `source` is where the identity of the core is from."""

    id: str
    name: str
    isa: str
    dsp: bool
    mve: bool
    fpu: str | None
    emulated_as: str
    pipeline: str
    source: str
    instruction: tuple[_InstructionRow, ...]
    rules: Mapping[str, Rule] = field(default_factory=dict)


def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (PACKAGE / folder).glob("*.toml")))


def _locate(folder: str, what: str, name_or_path: str | os.PathLike[str]) -> tuple[Path, str]:
    """The file that a name or path means, and how to show it: a bundled one relative to the package."""
    given, known = os.fspath(name_or_path), _names(folder)
    if given in known:
        return PACKAGE / folder / f"{given}.toml", f"{folder}/{given}.toml"
    path = Path(given)
    if isinstance(name_or_path, os.PathLike) or given.endswith(".toml") or path.name != given or path.is_file():
        return path, given
    guess = documents.nearest(given, known)
    hint = f"did you mean {guess!r}? " if guess else ""
    raise UnsupportedError(
        f"unknown {what} {given!r}; {hint}known {folder}: {', '.join(known)}; or give the path of a .toml file"
    )


def _table(path: Path, shown: str, expected: str) -> dict[str, object]:
    text = documents.read_text(path, FILE_LIMIT_BYTES, expected)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise BadInputError(f"{shown} is not valid TOML: {error}; {expected} is expected") from None


def _check_range(file: str, key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadInputError(f"{file}: {key}: expected {low:,} to {high:,}, found {value:,}")


def _check_board(board: _BoardFile, file: str) -> None:
    """Sizes and figures are possible, banks lie apart and within 32 bits, and the platform leaves something."""
    for key, text in (("id", board.id), ("name", board.name), ("mcu", board.mcu), ("core", board.core)):
        if not text.strip():
            raise BadInputError(f"{file}: {key}: expected words, found an empty text")
    _check_range(file, "clock.hz", board.clock.hz, 1_000, 10_000_000_000)
    if board.flash.wait_states is not None:
        _check_range(file, "flash.wait_states", board.flash.wait_states, 0, 255)
    if board.power is not None:
        _check_range(file, "power.current_a", board.power.current_a, 1e-9, 100)
        _check_range(file, "power.voltage_v", board.power.voltage_v, 0.1, 60)
        _check_range(file, "power.clock_hz", board.power.clock_hz, 1_000, 10_000_000_000)
    for name, rule in board.rules.items():
        _check_range(file, f"rules.{name}.value", rule.value, 0, 1000)
    for index, region in enumerate(board.region):
        _check_range(file, f"region[{index}].bytes", region.bytes, 1, LARGEST_REGION_BYTES[region.kind])
        _check_range(file, f"region[{index}].address", region.address, 0, MEMORY_END - region.bytes)
        if region.address % REGION_ALIGNMENT or region.bytes % REGION_ALIGNMENT:
            raise BadInputError(
                f"{file}: region[{index}]: expected an address and a size in words of {REGION_ALIGNMENT} bytes, "
                f"found {region.address:#x} and {region.bytes:,}"
            )
    _check_apart(board.region, file)
    for kind, reserve in (("ram", board.reserved.ram), ("flash", board.reserved.flash)):
        total = sum(region.bytes for region in board.region if region.kind == kind)
        if not total:
            raise BadInputError(f'{file}: region: expected at least one of kind = "{kind}", found none')
        _check_range(file, f"reserved.{kind}.bytes", reserve.bytes, 0, total)


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
