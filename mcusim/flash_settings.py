"""What a program writes to the registers of flash and caches + its board → what times it from then on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcusim.bare_metal import Machine
from mcusim.chips import Chip, Setting, What
from mcusim.hardware import Board, board_core
from mcusim.memories import MEMORIES
from mcusim.memory_systems import Choice, choices, memory_system, possible_observers
from mcusim.pipelines import PIPELINES
from mcusim.recording import Observer
from mcusim.regimes import Regime
from mcusim.system_control import CCR
from mcusim.timing import Walker

# Bits of SCB_CCR on cores that have these caches themselves (ARMv7-M ARM DDI 0403E, B3.2.8).
CORE_CACHES: Mapping[What, int] = {"instruction_cache": 1 << 17, "data_cache": 1 << 16}
CORE_CACHE_MODEL = "l1"
MOST_CHANGES = 1000  # that are followed; each takes some milliseconds
_NOT_REMEMBERED = ("prefetch", "wait_states")  # parameters on which what a memory system remembers does not depend

Settings = Mapping[str, int]  # by chips.Setting.what: wait states, or 1 for on and 0 for off


@dataclass(frozen=True, slots=True, eq=False)
class InForce:
    """A setting that is or was in force: the board as it is with it, and what times a program then.

    `possible` are the observers of what the board's memory system may be, in order of `choices`; `own` is the
    pipeline's. With `is_assumed` caches or prefetch are otherwise than in the board's file, so that no published
    figure says how good the cycles are.
    """

    words: str
    board: Board
    choices: tuple[Choice, ...]
    possible: tuple[Observer | None, ...]
    own: Observer | None
    regime: Regime
    is_assumed: bool


class FlashSettings:
    """The settings of one run: the machine's recorder times each part of it by the setting that is in force.

    Until the program writes a register of flash or caches, that is the setting of the board's file: what holds after
    reset fits the clock after reset, and the clock here is the board's throughout. From its first write on a register
    holds as it stands; SCB_CCR, which has other bits too, from the first write that changes those of caches.
    """

    def __init__(self, machine: Machine, board: Board, chip: Chip, follows: bool) -> None:
        """`follows`: whether what the program writes counts."""
        self._machine = machine
        self._board = board
        self._rows = chip.setting
        self._has_core_caches = memory_system(board).model == CORE_CACHE_MODEL
        self._set: dict[str, int] = {}
        self._values: dict[int, int] = {}  # of registers as they were written last
        self._configuration = 0  # SCB_CCR's bits of caches
        self._known: dict[object, InForce] = {}
        self.changes = 0
        self.now = self._in_force()
        machine.recorder.put_in_force(self.now.regime)
        if follows and memory_system(board).model != "zero_wait":
            machine.written, machine.stopped = self._notice, self._settle

    @property
    def all(self) -> tuple[InForce, ...]:
        """All that were in force, in order of the recorder's regimes."""
        found = {one.regime: one for one in self._known.values()}
        return tuple(found[regime] for regime in self._machine.recorder.regimes if regime in found)

    def never_set(self) -> tuple[Setting, ...]:
        """Caches that are off because the program never set them: off after reset, and on in the board's file."""
        if self._has_core_caches:
            rows = [Setting(name, "SCB_CCR", CCR, bit, "") for name, bit in CORE_CACHES.items()]
        else:
            rows = [row for row in self._rows if row.what.endswith("_cache")]
        on = {row.what for row in rows if self._machine.peripherals.word(row.address) & row.bits}
        first = {row.what: row for row in reversed(rows)}
        return tuple(row for row in rows if row is first[row.what] and row.what not in {*on, *self._set})

    def _notice(self) -> None:
        """Something was written: execution stops behind the instruction if it was a setting."""
        if self._fresh() or self._core_caches() != self._configuration:
            self._machine.request_stop()

    def _settle(self) -> None:
        """Put in force what was written."""
        fresh, configuration = self._fresh(), self._core_caches()
        if not fresh and configuration == self._configuration:
            return
        self._values |= fresh
        self._set |= {row.what: _value(row, fresh[row.address]) for row in self._rows if row.address in fresh}
        if configuration != self._configuration:
            self._set |= {name: int(bool(configuration & bit)) for name, bit in CORE_CACHES.items()}
            self._configuration = configuration
        found = self._in_force()
        if found is not self.now:
            self.changes += 1
            if self.changes <= MOST_CHANGES:
                _carry_over(self.now, found)
                self._machine.recorder.put_in_force(found.regime)
                self.now = found

    def _fresh(self) -> dict[int, int]:
        """Registers with settings that were written since `_settle` looked, with their values."""
        peripherals = self._machine.peripherals
        written = {row.address for row in self._rows} & peripherals.written
        values = {address: peripherals.word(address) for address in written}
        return {address: value for address, value in values.items() if value != self._values.get(address)}

    def _core_caches(self) -> int:
        """The bits of caches in SCB_CCR, of a core whose own caches are simulated."""
        return self._machine.control.words[CCR] & sum(CORE_CACHES.values()) if self._has_core_caches else 0

    def _in_force(self) -> InForce:
        """What times the program with the settings as they are."""
        board, found = applied(self._board, self._set)
        key = board.flash_timing.wait_states, *(tuple(one.parameters.items()) for one in found)
        if key not in self._known:
            self._known[key] = self._new(board, found)
        return self._known[key]

    def _new(self, board: Board, found: tuple[Choice, ...]) -> InForce:
        core = board_core(board)
        walkers = (self._machine.recorder.walker, *(one.regime.walker for one in self._known.values()))
        walker = next((one for one in walkers if one.core == core), None) or Walker(core)
        possible = possible_observers(board, found, f" [{len(self._known)}]" if self._known else "")
        own = PIPELINES[core.pipeline].observer(core, board)
        clocked = tuple(one for one in (own, possible[0]) if one is not None)
        regime = Regime(walker, clocked, tuple(one for one in possible[1:] if one is not None))
        pairs = zip(found, choices(self._board), strict=True)
        is_assumed = any(one.parameters != other.parameters for one, other in pairs)
        return InForce(_words(board, self._set), board, found, possible, own, regime, is_assumed)


def applied(board: Board, settings: Settings) -> tuple[Board, tuple[Choice, ...]]:
    """A board as it is with settings, and the choices of its memory system, in order of those without any.

    Prefetch is only that of a board whose memory system has the parameter.
    """
    waits = settings.get("wait_states", board.flash_timing.wait_states)
    parameters: dict[str, float] = {}
    if "prefetch" in settings and "prefetch" in memory_system(board).parameters:
        parameters["prefetch"] = settings["prefetch"]
    off = _caches_off(settings)
    found = (replace(one, parameters={**one.parameters, **parameters}) for one in choices(board))
    changed = tuple(
        replace(one, parameters=MEMORIES[one.model].without_caches(one.parameters, off)) if off else one
        for one in found
    )
    return replace(board, flash_timing=replace(board.flash_timing, wait_states=waits)), changed


def notes(settings: FlashSettings, most: InForce, board: Board) -> tuple[str, ...]:
    """Sentences on what the cycles rest on, where the program sets flash and caches or leaves them as after reset.

    `most` is the setting that was in force for most cycles, `board` the one that is simulated.
    """
    sentences = []
    clock = f"{board.clock_hz / 1e6:g} MHz"
    if settings.changes:
        sentences.append(
            f"The program sets flash and caches itself: each part of it is timed with what was in force, the part "
            f"before its first write with what {board.file} has. The clock stays {clock} throughout."
        )
    waits, timing = most.board.flash_timing.wait_states, board.flash_timing
    fitting = [step.up_to_hz for step in timing.steps if step.cycles == waits]
    if waits != timing.wait_states and fitting:
        sentences.append(
            f"Most of it ran with {waits} wait states, where {clock} needs {timing.wait_states}; "
            f"--clock {fitting[0] / 1e6:g}MHz gives the time at a clock that these suffice for."
        )
    if settings.changes > MOST_CHANGES:
        sentences.append(f"It changes them {settings.changes:,} times; only the first {MOST_CHANGES:,} are followed.")
    if any(one.is_assumed for one in settings.all):
        sentences.append(
            "No published figure was there to check cycles with other caches or another prefetch than the board's "
            "file has: what flash costs without them is assumed."
        )
    sentences += [
        f"The program never turns the {row.what.replace('_', ' ')} on ({row.name}), which is off after reset; the "
        f"cycles are those with it on, as {board.file} has it."
        for row in settings.never_set()
    ]
    return tuple(sentences)


def _value(row: Setting, word: int) -> int:
    """What the bits of a register say: a number of wait states, or 1 for on."""
    bits = word & row.bits
    return bits // (row.bits & -row.bits) if row.what == "wait_states" else int(bits != 0)


def _caches_off(settings: Settings) -> Sequence[str]:
    return [name for name in ("instruction", "data") if settings.get(f"{name}_cache") == 0]


def _carry_over(before: InForce, after: InForce) -> None:
    """What caches hold stays when only wait states or prefetch change, and so does what the pipeline remembers."""
    pairs = [(before.own, after.own)]
    for one, other, old, new in zip(before.choices, after.choices, before.possible, after.possible, strict=True):
        if _remembered(one) == _remembered(other):
            pairs.append((old, new))
    for source, target in pairs:
        if source is not None and target is not None and len(source.state) == len(target.state):
            target.state[:] = source.state


def _remembered(choice: Choice) -> Mapping[str, float]:
    return {name: value for name, value in choice.parameters.items() if name not in _NOT_REMEMBERED}


def _words(board: Board, settings: Settings) -> str:
    """A setting for people: what the program has set, or where the board's comes from."""
    waits = board.flash_timing.wait_states
    said = [] if waits is None else [f"{waits} wait states" if waits != 1 else "1 wait state"]
    if not settings:
        return ", ".join([*said, f"as {board.file} has it"])
    if "prefetch" in settings and "prefetch" in memory_system(board).parameters:
        said.append(f"prefetch {'on' if settings['prefetch'] else 'off'}")
    return ", ".join([*said, *(f"{name} cache off" for name in _caches_off(settings))])
