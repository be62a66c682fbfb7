"""Program, board and what is of interest → Execution: the program run on the board and profiled."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcusim import call_stacks, execution, timing, touched_bytes
from mcusim.bare_metal import Machine
from mcusim.cache_registers import core_caches
from mcusim.call_profile import exception_name, hot_loops, profile
from mcusim.chips import Chip
from mcusim.console import Console
from mcusim.errors import BadInputError, EmulationError, UnsupportedError
from mcusim.expectation import ErrorBar, expected_error, no_error
from mcusim.firmware_run import End, FirmwareRun
from mcusim.flash_settings import FlashSettings, InForce, notes
from mcusim.hardware import Board, Core, board_core
from mcusim.images import Image
from mcusim.intervals import Interest, Intervals, follow
from mcusim.isa import check_core
from mcusim.memory_systems import memory_caveats, memory_timing
from mcusim.recording import Observer
from mcusim.semihosting import Semihosting
from mcusim.trace import Timing, Trace

DEFAULT_INSTRUCTIONS = 2_000_000_000
TABLE_SYMBOLS = ("g_pfnVectors", "__isr_vector", "__Vectors", "__vector_table", "_vectors", "vectors", "isr_vector")
RP2040_BOOT_BYTES = 0x100  # of the second-stage boot loader before the vector table
SHOWN_BYTES = 1 << 20  # of the console in a report


@dataclass(frozen=True, slots=True)
class Entry:
    """Where execution starts: at reset, or one function with its arguments (integers, or names of symbols)."""

    function: str | None = None
    arguments: tuple[str, ...] = ()
    vector_table: int | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """What the program hears and may say: input in pieces, each after `prompt`; the run ends after `until`."""

    pieces: tuple[bytes, ...] = ()
    prompt: str = ""
    until: str = ""
    ask: Callable[[], bytes | None] | None = None
    show: Callable[[bytes], None] | None = None
    files: str | None = None


def execute(
    image: Image,
    board: Board,
    chip: Chip,
    *,
    entry: Entry = Entry(),
    talk: Talk = Talk(),
    interest: Interest | None = None,
    max_instructions: int = DEFAULT_INSTRUCTIONS,
    command: str = "",
) -> execution.Execution:
    """Run a program and profile it, or what of it is of interest.

    Raises UnsupportedError for a program of an instruction set that the core lacks, and for an instruction without
    timing; EmulationError for a start that cannot be and for a region that never ran. A run that goes wrong later is
    a result, whose end says how.
    """
    core = board_core(board)
    _check_isa(image, core)
    console = Console(talk.pieces, board.clock_hz, talk.prompt.encode(), talk.ask, talk.show)
    stacks = call_stacks.stack_observer(symbol.address for symbol in image.functions.values())
    machine = Machine(core, chip, board.regions, image, console, [stacks])
    caches = core_caches(board)
    if caches is not None:
        machine.control.cache_word = caches.word
    settings = FlashSettings(machine, board, chip, follows=entry.function is None)
    banks = [bank for bank in machine.banks if bank.kind != "zeros"]
    touches = touched_bytes.touch_observer([(bank.address, bank.memory.size) for bank in banks])
    machine.recorder.add_observer(touches)
    semihosting = Semihosting(talk.files)
    run = FirmwareRun(machine, console, semihosting, board.clock_hz, stacks)
    try:
        started = _start(run, image, board, entry)
        if talk.until:
            console.watch(talk.until.encode(), lambda: run.stop("until", f"it has printed {talk.until!r}"))
        intervals = follow(interest, run, stacks) if interest is not None else None
        end = run.run(max_instructions)
    finally:
        semihosting.close()
    result = _Result(image, board, core, chip, run, stacks, settings, interest, intervals)
    memory_use = touched_bytes.touched(touches, [bank.name for bank in banks])
    return result.report(end, started, memory_use, command)


@dataclass(frozen=True, slots=True)
class _Part:
    """What ran with one setting of flash and caches: its trace, and how long that took."""

    setting: InForce
    trace: Trace
    timing: Timing

    @property
    def instructions(self) -> int:
        """Instructions of the part."""
        return _instructions(self.trace)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What of a run is counted: as a whole, by setting in force, and as a tree of calls."""

    trace: Trace
    timing: Timing
    parts: tuple[_Part, ...]
    nodes: list[call_stacks.Node]

    @property
    def most(self) -> InForce:
        """The setting of most cycles."""
        return max(self.parts, key=lambda part: part.timing.cycles).setting


@dataclass(frozen=True, slots=True)
class _Result:
    """A finished run with everything that its report is made of."""

    image: Image
    board: Board
    core: Core
    chip: Chip
    run: FirmwareRun
    stacks: Observer
    settings: FlashSettings
    interest: Interest | None
    intervals: Intervals | None

    def report(self, end: End, entry: str, memory: Sequence[execution.MemoryUse], command: str) -> execution.Execution:
        """The report."""
        counted = self._counted()
        rows = profile(self.image, counted.trace, counted.timing, counted.nodes)
        return execution.Execution(
            command=command,
            firmware=execution.FirmwareInfo(self.image.name, self.image.kind, self.image.sha256, self.image.isa, entry),
            board=self._board(),
            end=execution.EndInfo(end.kind, end.text, end.status),
            region=self._region(),
            totals=self._totals(counted),
            flash=_flash(counted.parts),
            functions=rows.functions,
            call_sites=rows.call_sites,
            stacks=rows.stacks,
            exceptions=tuple(
                execution.ExceptionCount(number, exception_name(number), count)
                for number, count in sorted(self.run.statistics.exceptions.items())
            ),
            stack_use=self._stack_use(counted.trace),
            memory=tuple(one for one in memory if one.touched_bytes),
            loops=hot_loops(self.image, counted.trace, counted.timing),
            console=bytes(self.run.console.output[:SHOWN_BYTES]).decode("utf-8", "backslashreplace"),
            notes=self._notes(counted.most),
        )

    def _counted(self) -> _Counted:
        recorder, machine = self.run.machine.recorder, self.run.machine
        ends = None if self.intervals is None else self.intervals.ends
        if self.intervals is None:
            interval, tree = recorder.snapshot(), call_stacks.snapshot(self.stacks)
        elif self.intervals.total is None or self.intervals.tree is None:
            assert self.interest is not None
            raise EmulationError(f"the region {self.interest.words} never ran to its end; {self.run.end_text}")
        else:
            interval, tree = self.intervals.total, self.intervals.tree
        if not recorder.instructions or not interval.edges.any():
            raise EmulationError(f"no instruction was executed; {self.run.end_text}")
        top = 1 << 32
        trace = recorder.trace_of(interval, "start", (top, top), machine.stop_address, ends)
        traces = recorder.traces_by_regime(interval, "start", (top, top), machine.stop_address, ends)
        parts = tuple(_part(*pair) for pair in zip(self.settings.all, traces, strict=False) if _instructions(pair[1]))
        return _Counted(trace, _sum([part.timing for part in parts]), parts, call_stacks.nodes(tree))

    def _board(self) -> execution.BoardInfo:
        board = self.board
        memory = memory_timing(board)
        return execution.BoardInfo(board.name, board.mcu, self.core.name, self.chip.id, board.clock_hz, memory)

    def _region(self) -> execution.Region | None:
        if self.interest is None or self.intervals is None:
            return None
        return execution.Region(self.interest.words, tuple(self.intervals.occurrences))

    def _totals(self, counted: _Counted) -> execution.Totals:
        statistics, cycles = self.run.statistics, counted.timing.cycles
        whole = self.intervals is None
        exception_cycles = statistics.exception_cycles if whole else 0
        waited = statistics.waited_cycles if whole else 0
        if not whole and self.intervals is not None:
            exception_cycles = self.intervals.exception_cycles
            waited = self.intervals.waited_cycles
        possible = [sum(found) for found in zip(*(_possible_cycles(part) for part in counted.parts), strict=True)]
        clock = cycles + exception_cycles + waited
        error, reason = self._error(counted.most)
        return execution.Totals(
            instructions=_instructions(counted.trace),
            cycles=cycles,
            cycles_by_cause=counted.timing.by_cause,
            exception_cycles=exception_cycles,
            waited_cycles=waited,
            latency_s=clock / self.board.clock_hz,
            least_cycles=min(possible),
            most_cycles=max(possible),
            error_percent=error.percent if error else None,
            error_percent_reason=None if error else f"not validated: {reason}",
            error_source=error.source if error else None,
        )

    def _error(self, most: InForce) -> tuple[ErrorBar | None, str]:
        """The error to expect with the setting of most cycles, and why where there is none."""
        if most.is_assumed:
            return None, f"no published latency on {self.core.name} with {most.words} is there to compare with"
        memory = memory_timing(most.board)
        return expected_error(self.board, self.core, memory), no_error(self.core, memory)

    def _stack_use(self, trace: Trace) -> tuple[execution.StackUse, ...]:
        """The lowest SP of each stack; what blocks saw belongs to the stack that it lies just below of."""
        lowest = dict(self.run.statistics.lowest_sp)
        seen = (1 << 32) - trace.stack_bytes
        if lowest and trace.stack_bytes:
            above = [name for name, value in lowest.items() if seen <= value]
            if above:
                nearest = min(above, key=lambda name: lowest[name] - seen)
                lowest[nearest] = seen
        top = self.run.stack_top
        return tuple(
            execution.StackUse(name.upper(), value, top - value if name == "msp" and top else None)
            for name, value in sorted(lowest.items())
        )

    def _notes(self, most: InForce) -> tuple[str, ...]:
        found = [*memory_caveats(most.board), *notes(self.settings, most, self.board)]
        started = self.run.machine.peripherals.started_dma
        if started:
            found.append(f"The program started {' and '.join(started)}: transfers by DMA do not happen here.")
        made_up = self.run.machine.peripherals.made_up
        if made_up:
            places = ", ".join(f"{address:#010x}" for address in sorted(made_up)[:8])
            more = f" and {len(made_up) - 8} more" if len(made_up) > 8 else ""
            found.append(f"Values were made up for registers that the program polled: {places}{more}.")
        if self.stacks.state[call_stacks.DROPPED]:
            found.append("Calls were too deep or too many to follow all of them; chains of calls are not complete.")
        if self.intervals is not None and self.intervals.is_cut:
            found.append(f"The region ran more often: only its first {len(self.intervals.occurrences):,} times count.")
        if self.run.console.dropped_bytes:
            found.append(f"{self.run.console.dropped_bytes:,} bytes of output are not kept.")
        return tuple(found)


def _part(setting: InForce, trace: Trace) -> _Part:
    """A part timed as it was: with the first of the possible memory systems."""
    others = {one.name for one in setting.possible[1:] if one is not None}
    first = dataclasses.replace(trace, observed=tuple(one for one in trace.observed if one.name not in others))
    return _Part(setting, trace, timing.timed(setting.regime.walker, first))


def _possible_cycles(part: _Part) -> list[int]:
    """Cycles of a part for each of the possible memory systems: only what waits for memory differs."""
    waits = [timing.waiting(part.trace, one.name) if one else 0 for one in part.setting.possible]
    return [part.timing.cycles - waits[0] + other for other in waits]


def _sum(timings: Sequence[Timing]) -> Timing:
    """The cycles of traces that have the same blocks."""
    return Timing(
        tuple(
            tuple(sum(causes) for causes in zip(*rows, strict=True))
            for rows in zip(*(one.by_block for one in timings), strict=True)
        ),
        tuple(sum(rows[1:], rows[0]) for rows in zip(*(one.by_instruction for one in timings), strict=True)),
    )


def _instructions(trace: Trace) -> int:
    return sum(edge.count * len(trace.blocks[edge.block].instructions) for edge in trace.edges)


def _flash(parts: Sequence[_Part]) -> tuple[execution.FlashSetting, ...]:
    return tuple(
        execution.FlashSetting(
            part.setting.words,
            part.setting.board.flash_timing.wait_states,
            memory_timing(part.setting.board),
            part.instructions,
            part.timing.cycles,
        )
        for part in parts
    )


def _check_isa(image: Image, core: Core) -> None:
    if core.mve:
        raise UnsupportedError(f"{core.name} has a vector unit, which the emulator lacks; exec cannot run on it")
    check_core(core, image.isa, image.float_abi, image.name)


def _start(run: FirmwareRun, image: Image, board: Board, entry: Entry) -> str:
    """Prepare registers; what execution starts from, in words."""
    table = entry.vector_table if entry.vector_table is not None else find_vector_table(image, board)
    if entry.function is None:
        if entry.arguments:
            raise BadInputError("--args are those of a function; name it with --entry")
        if table is None:
            taken = ", taken for a raw binary," if image.kind == "bin" else ""
            raise BadInputError(
                f"{image.name}{taken} has no vector table that leads into it; say where it is with --vector-table, "
                "or name a function with --entry"
            )
        run.start_at_reset(table)
        return f"reset, vector table at {table:#010x}"
    function = image.functions.get(entry.function)
    if function is None:
        known = "it has no symbols" if not image.functions else "it has no such function"
        raise BadInputError(f"--entry {entry.function}: {image.name}: {known}")
    for segment in image.segments:  # no start-up code copies variables to where they belong
        run.machine.write_memory(segment.run_address, segment.data)
    run.start_at(
        function.address, [_argument(text, image) for text in entry.arguments], _stack_top(image, board, table), table
    )
    return f"{entry.function}({', '.join(entry.arguments)})"


def flash_address(board: Board) -> int:
    """Where a raw binary lies unless it is said: at the start of the board's flash."""
    return next(one.address for one in board.regions if one.kind == "flash")


def _argument(text: str, image: Image) -> int:
    """An integer in any of C's notations, or the address of a symbol."""
    symbol = image.objects.get(text)
    if symbol is not None:
        return symbol.address | (1 if text in image.functions else 0)
    try:
        value = int(text, 0)
    except ValueError:
        raise BadInputError(f"--args {text}: expected an integer or a symbol of {image.name}") from None
    if not -(1 << 31) <= value < 1 << 32:
        raise BadInputError(f"--args {text}: expected an integer of at most 32 bits")
    return value


def _stack_top(image: Image, board: Board, table: int | None) -> int:
    if table is not None:
        top = image.word(table)
        if top is not None:
            return top
    largest = max((one for one in board.regions if one.kind == "ram"), key=lambda one: one.bytes)
    return largest.address + largest.bytes


def find_vector_table(image: Image, board: Board) -> int | None:
    """Where the program's vector table is: by its name, else the first place that looks like one."""
    named = [image.objects[name].address for name in TABLE_SYMBOLS if name in image.objects]
    starts = [one.address for one in image.segments]
    for address in (*named, *starts, *(start + RP2040_BOOT_BYTES for start in starts)):
        if _looks_like_table(image, board, address):
            return address
    return None


def _looks_like_table(image: Image, board: Board, address: int) -> bool:
    """SP in RAM (or just behind it), and the address of Thumb code of the program."""
    stack, reset = image.word(address), image.word(address + 4)
    if stack is None or reset is None or address % 4:
        return False
    in_ram = any(one.kind == "ram" and one.address < stack <= one.address + one.bytes for one in board.regions)
    in_image = any(one.address <= reset & ~1 < one.end for one in image.segments)
    return in_ram and in_image and reset & 1 == 1
