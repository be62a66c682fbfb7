"""Cores and boards as data read from TOML files, in which every fact names its source."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.regions import Region as Region
from mcusim.regions import check_range, check_regions, runs

ADDRESS_SPACE_BYTES = 2**32  # a Cortex-M address has 32 bits
NO_PIPELINE = "none"  # of a core whose cycles are not simulated
LOWEST_CLOCK_HZ, HIGHEST_CLOCK_HZ = 1_000, 10_000_000_000
FILE_LIMIT_BYTES = 1 << 20  # the longest hardware file that is read; real ones have a few kilobytes
A_BOARD, A_CORE = "a board's TOML file", "a core's TOML file"  # what is expected of a file
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
    module in mcusim/pipelines/ that gives `rules` their meaning. A core whose cycles cannot be simulated has the
    pipeline "none", and `not_simulated` says why. `sha256` is that of its file, empty where it is out of none.
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
    not_simulated: str | None = None
    sha256: str = ""


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
    pipeline rules of the same name; `zero_wait_rules` do so where the clock lets flash answer without wait states.
    `sha256` is that of `file`, empty where it is out of none.
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
    zero_wait_rules: Mapping[str, Rule]
    notes: str
    file: str
    sha256: str = ""

    @property
    def active_rules(self) -> Mapping[str, Rule]:
        """The rules that override the core's at the board's clock."""
        return {**self.rules, **self.zero_wait_rules} if self.flash_timing.wait_states == 0 else self.rules

    @property
    def ram_bytes(self) -> int:
        """RAM of all banks of the microcontroller."""
        return sum(region.bytes for region in self.main_regions("ram"))

    @property
    def flash_bytes(self) -> int:
        """Flash of the microcontroller; of one that has none, the flash beside it that it executes from."""
        return sum(region.bytes for region in self.main_regions("flash"))

    @property
    def largest_ram_bytes(self) -> int:
        """The longest run of RAM without a gap in its addresses: neighbouring banks serve as one."""
        return max(sum(region.bytes for region in run) for run in runs(self.main_regions("ram")))

    def main_regions(self, kind: Literal["ram", "flash"]) -> tuple[Region, ...]:
        """The regions of a kind that are used unless told otherwise: external ones only where there are no others."""
        of_kind = tuple(region for region in self.regions if region.kind == kind)
        return tuple(region for region in of_kind if not region.is_external) or of_kind

    def at_clock(self, hz: int) -> Board:
        """The same board at another clock, with the wait states that its flash then needs.

        They are unknown where the file gives no steps. The power keeps the clock that it was stated for. Raises
        UnsupportedError for a clock that the board does not reach.
        """
        steps = self.flash_timing.steps
        highest = max([self.clock_hz, *(step.up_to_hz for step in steps)])
        if not LOWEST_CLOCK_HZ <= hz <= highest:
            raise UnsupportedError(
                f"{self.id} cannot run at {hz / 1e6:g} MHz; it takes {LOWEST_CLOCK_HZ / 1e6:g} to {highest / 1e6:g} MHz"
            )
        waits = next((step.cycles for step in steps if hz <= step.up_to_hz), None)
        if hz == self.clock_hz or self.flash_timing.wait_states == 0:
            waits = self.flash_timing.wait_states
        source = f"asked for; the board's file has {self.clock_hz / 1e6:g} MHz"
        timing = replace(self.flash_timing, wait_states=waits)
        return self if hz == self.clock_hz else replace(self, clock_hz=hz, clock_source=source, flash_timing=timing)


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
    return _board(documents.read_text(path, FILE_LIMIT_BYTES, A_BOARD), path, shown)


@functools.lru_cache(maxsize=64)
def _board(text: str, path: Path, shown: str) -> Board:
    """The board of a file's text: one run asks for the same several times, and reading it takes a while."""
    file = documents.build(_BoardFile, documents.parse_toml(text, shown, A_BOARD), shown, nulls=("none", "unknown"))
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
        zero_wait_rules=file.zero_wait_rules,
        notes=file.notes,
        file=shown,
        sha256=documents.text_sha256(text),
    )


def board_core(board: Board) -> Core:
    """The core as the board has it: with its floating-point unit, and with the rules that hold at its clock.

    Errors as `load_core`; BadInputError for a rule of the board's that its core does not have.
    """
    core = load_core(board.core)
    for name in (*board.rules, *board.zero_wait_rules):
        if name not in core.rules:
            guess = documents.nearest(name, tuple(core.rules))
            hint = f"; did you mean {guess!r}?" if guess else ""
            raise BadInputError(f"{board.file}: rules.{name}: {core.name} has no such rule{hint}")
    return replace(core, fpu=board.fpu if core.fpu else None, rules={**core.rules, **board.active_rules})


def board_document(name_or_path: str | os.PathLike[str]) -> dict[str, object]:
    """A board's file as its TOML document, to be changed and written again; errors as `load_board`."""
    path, shown = _locate("boards", "board", name_or_path)
    return documents.parse_toml(documents.read_text(path, FILE_LIMIT_BYTES, A_BOARD), shown, A_BOARD)


def load_core(name_or_path: str | os.PathLike[str]) -> Core:
    """A core by its name, or out of a TOML file of the user's; errors as `load_board`."""
    path, shown = _locate("cores", "core", name_or_path)
    return _core(documents.read_text(path, FILE_LIMIT_BYTES, A_CORE), shown)


@functools.lru_cache(maxsize=64)
def _core(text: str, shown: str) -> Core:
    """The core of a file's text."""
    file = documents.build(_CoreFile, documents.parse_toml(text, shown, A_CORE), shown, nulls=("none",))
    timings: dict[str, InstructionTiming] = {}
    for index, row in enumerate(file.instruction):
        key = f"instruction[{index}]"
        check_range(shown, f"{key}.cycles", row.cycles, 0, 1000)
        for mnemonic in row.mnemonics:
            if mnemonic in timings:
                raise BadInputError(f"{shown}: {key}.mnemonics: expected each mnemonic once, found {mnemonic!r} again")
            timings[mnemonic] = InstructionTiming(row.cycles, row.cause, row.source)
    for name, rule in file.rules.items():
        check_range(shown, f"rules.{name}.value", rule.value, 0, 1000)
    if (file.pipeline == NO_PIPELINE) == (file.not_simulated is None):
        raise BadInputError(f'{shown}: not_simulated: expected a reason exactly where pipeline is "{NO_PIPELINE}"')
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
        not_simulated=file.not_simulated,
        sha256=documents.text_sha256(text),
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
    zero_wait_rules: Mapping[str, Rule] = field(default_factory=dict)
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
    not_simulated: str | None = None


def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (PACKAGE / folder).glob("*.toml")))


def _locate(folder: str, what: str, name_or_path: str | os.PathLike[str]) -> tuple[Path, str]:
    """The file that a name or path means, and how to show it: a bundled one relative to the package."""
    given, known = os.fspath(name_or_path), _names(folder)
    if given in known:
        return PACKAGE / folder / f"{given}.toml", f"{folder}/{given}.toml"
    path = Path(given)
    if (
        isinstance(name_or_path, os.PathLike)
        or given.endswith(".toml")
        or path.name != given
        or documents.is_file(path)
    ):
        return path, given
    guess = documents.nearest(given, known)
    hint = f"did you mean {guess!r}? " if guess else ""
    raise UnsupportedError(
        f"unknown {what} {given!r}; {hint}known {folder}: {', '.join(known)}; or give the path of a .toml file"
    )


def _check_board(board: _BoardFile, file: str) -> None:
    """Sizes and figures are possible, banks lie apart and within 32 bits, and the platform leaves something."""
    for key, text in (("id", board.id), ("name", board.name), ("mcu", board.mcu), ("core", board.core)):
        if not text.strip():
            raise BadInputError(f"{file}: {key}: expected words, found an empty text")
    check_range(file, "clock.hz", board.clock.hz, LOWEST_CLOCK_HZ, HIGHEST_CLOCK_HZ)
    if board.flash.wait_states is not None:
        check_range(file, "flash.wait_states", board.flash.wait_states, 0, 255)
    _check_steps(board.flash, board.clock.hz, file)
    if board.power is not None:
        check_range(file, "power.current_a", board.power.current_a, 1e-9, 100)
        check_range(file, "power.voltage_v", board.power.voltage_v, 0.1, 60)
        check_range(file, "power.clock_hz", board.power.clock_hz, LOWEST_CLOCK_HZ, HIGHEST_CLOCK_HZ)
    for table, rules in (("rules", board.rules), ("zero_wait_rules", board.zero_wait_rules)):
        for name, rule in rules.items():
            check_range(file, f"{table}.{name}.value", rule.value, 0, 1000)
    check_regions(board.region, file)
    for kind, reserve in (("ram", board.reserved.ram), ("flash", board.reserved.flash)):
        total = sum(region.bytes for region in board.region if region.kind == kind)
        if not total:
            raise BadInputError(f'{file}: region: expected at least one of kind = "{kind}", found none')
        check_range(file, f"reserved.{kind}.bytes", reserve.bytes, 0, total)


def _check_steps(flash: FlashTiming, clock_hz: int, file: str) -> None:
    """Clocks and wait states rise from step to step, and the board's own clock has the wait states of its step."""
    before = WaitStates(0, -1)
    for index, step in enumerate(flash.steps):
        key = f"flash.steps[{index}]"
        check_range(file, f"{key}.up_to_hz", step.up_to_hz, before.up_to_hz + 1, HIGHEST_CLOCK_HZ)
        check_range(file, f"{key}.cycles", step.cycles, before.cycles + 1, 255)
        before = step
    own = next((step.cycles for step in flash.steps if clock_hz <= step.up_to_hz), None)
    if flash.steps and own != flash.wait_states:
        found = "none" if own is None else f"{own}"
        raise BadInputError(
            f"{file}: flash.steps: expected the {flash.wait_states} wait states of {clock_hz:,} Hz, found {found}"
        )
