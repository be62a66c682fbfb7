"""What of a run is of interest, by function, addresses, marker, timer reads or texts → how often, and what it took."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from mcusim import call_stacks
from mcusim.errors import BadInputError
from mcusim.execution import Occurrence
from mcusim.firmware_run import FirmwareRun
from mcusim.images import Image
from mcusim.recording import Observer, Table
from mcusim.regimes import Snapshot

MOST_OCCURRENCES = 100_000
TIMER = "timer"
_ADDRESSES = re.compile(r"(0x[0-9a-fA-F]{1,8}):(0x[0-9a-fA-F]{1,8})")


@dataclass(frozen=True, slots=True)
class Interest:
    """A part of a run: `begin` and `end` are addresses, texts or, for a marker, one address twice."""

    kind: Literal["symbol", "addresses", "marker", "timer", "text"]
    words: str
    begin: int | bytes = 0
    end: int | bytes = 0


@dataclass(slots=True)
class Intervals:
    """All times that the part of interest ran, and their sum."""

    run: FirmwareRun
    stacks: Observer
    occurrences: list[Occurrence] = field(default_factory=list)
    total: Snapshot | None = None
    tree: Table | None = None
    exception_cycles: int = 0
    waited_cycles: int = 0
    ends: dict[tuple[int, int], int] = field(default_factory=dict)  # how often it ended, by regime and last block
    is_cut: bool = False  # whether it ran more often than is kept
    _open: tuple[int, int, Snapshot, Table] | None = None
    _before: tuple[int, int] = (0, 0)  # exception and waited cycles at its beginning

    @property
    def is_open(self) -> bool:
        """Whether it runs now."""
        return self._open is not None

    def begin(self) -> None:
        """It begins, between two blocks, unless it runs already or has run too often to keep."""
        if self._open is None and len(self.occurrences) == MOST_OCCURRENCES:
            self.is_cut = True
        elif self._open is None:
            recorder = self.run.machine.recorder
            snapshot, tree = recorder.snapshot(), call_stacks.snapshot(self.stacks)
            self._open = self._now(), recorder.instructions, snapshot, tree
            self._before = self.run.statistics.exception_cycles, self.run.statistics.waited_cycles

    def finish(self) -> None:
        """It ends, between two blocks, if it runs."""
        if self._open is None:
            return
        recorder = self.run.machine.recorder
        cycles, instructions, before, tree = self._open
        self._open = None
        self.exception_cycles += self.run.statistics.exception_cycles - self._before[0]
        self.waited_cycles += self.run.statistics.waited_cycles - self._before[1]
        between = recorder.snapshot().minus(before)
        now = call_stacks.snapshot(self.stacks)
        counted = slice(call_stacks.CYCLES, call_stacks.ENTRIES + 1)
        now[: len(tree), counted] -= tree[:, counted]
        if self.tree is not None:
            now[: len(self.tree), counted] += self.tree[:, counted]
        self.total = between if self.total is None else self.total.plus(between)
        self.tree = now
        last = recorder.regime, recorder.last_block()
        self.ends[last] = self.ends.get(last, 0) + 1
        self.occurrences.append(Occurrence(self._now() - cycles, recorder.instructions - instructions))

    def _now(self) -> int:
        """The clock with the refill of the branch that has just been taken: what follows it begins then."""
        machine = self.run.machine
        return machine.spent_cycles() + machine.recorder.refill_before(machine.get("pc") & ~1)

    def toggle(self) -> None:
        """The next of two signs: it begins or ends."""
        if self.is_open:
            self.finish()
        else:
            self.begin()


def parse_interest(
    region: str | None, marker: int | None, texts: tuple[str, str] | None, image: Image
) -> Interest | None:
    """What the options ask for. Raises BadInputError for more than one, and for a function that is not there."""
    given = [
        option for option, value in (("--region", region), ("--marker", marker), ("--region-text", texts)) if value
    ]
    if len(given) > 1:
        raise BadInputError(f"{' and '.join(given)} each say what is of interest; give one of them")
    if marker is not None:
        return Interest("marker", f"between two writes to {marker:#010x}", marker & ~3, marker & ~3)
    if texts is not None:
        begin, end = (text.encode() for text in texts)
        if not begin or not end:
            raise BadInputError("--region-text needs two texts that are not empty")
        return Interest("text", f"between the texts {texts[0]!r} and {texts[1]!r}", begin, end)
    if region is None:
        return None
    if region == TIMER:
        return Interest("timer", "between two reads of a timer")
    addresses = _ADDRESSES.fullmatch(region)
    if addresses:
        first, last = (int(text, 16) & ~1 for text in addresses.groups())
        return Interest("addresses", f"from {first:#010x} to {last:#010x}", first, last)
    function = image.functions.get(region)
    if function is None:
        known = "it has no symbols" if not image.functions else "it has no such function"
        raise BadInputError(
            f"--region {region}: {image.name}: {known}; give a function, two addresses (0x…:0x…) or timer"
        )
    return Interest("symbol", f"each call of {region}", function.address)


def follow(interest: Interest, run: FirmwareRun, stacks: Observer) -> Intervals:
    """Have the run's machine note each occurrence from now on."""
    intervals = Intervals(run, stacks)
    machine = run.machine
    # What an access tells of is noted as soon as its instruction has executed.
    if isinstance(interest.begin, bytes) and isinstance(interest.end, bytes):
        run.console.watch(interest.begin, lambda: run.later(intervals.begin))
        run.console.watch(interest.end, lambda: run.later(intervals.finish))
    elif interest.kind == "timer":
        machine.timer_read = lambda: run.later(intervals.toggle)
    elif interest.kind == "marker":
        machine.marker = int(interest.begin), lambda: run.later(intervals.toggle)
    elif interest.kind == "addresses":
        machine.watch(int(interest.begin), intervals.begin)
        machine.watch(int(interest.end), intervals.finish)
    else:
        machine.watch(int(interest.begin), _Calls(intervals, run).entered)
    return intervals


@dataclass(slots=True)
class _Calls:
    """Calls of one function: where each returns to, with which SP."""

    intervals: Intervals
    run: FirmwareRun
    sp: int = 0
    back: int = 0
    watched: set[int] = field(default_factory=set)

    def entered(self) -> None:
        machine = self.run.machine
        if self.intervals.is_open:
            return  # a recursive call belongs to the first one
        self.sp, self.back = machine.get("sp"), machine.get("lr") & ~1
        if self.back not in self.watched:
            self.watched.add(self.back)
            machine.watch(self.back, self._returned)
        self.intervals.begin()

    def _returned(self) -> None:
        machine = self.run.machine
        if self.intervals.is_open and machine.get("sp") == self.sp and machine.get("pc") & ~1 == self.back:
            self.intervals.finish()
