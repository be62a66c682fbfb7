"""An emulated chip with a program → the program's run from reset or from one function, with exceptions, to its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mcusim import call_stacks, exception_frames
from mcusim.bare_metal import SEMIHOSTING_BKPT, Machine, Stop
from mcusim.console import Console
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.hardware import Core
from mcusim.recording import Observer
from mcusim.semihosting import Ended, Semihosting
from mcusim.system_control import EXTERNAL, SVCALL, SYSTICK, VTOR
from mcusim.wait_loops import checksum, only_waits

IT_BITS = 0x0600_FC00  # of xPSR
EVENTS_COSTS = ("entry", "return", "tail_chain")

CHUNK = 2_000_000  # instructions between two looks at whether the program only waits
MOST_PATIENCE = 128  # slices between two attempts to find out whether the program only waits
IDLE_END_S = 10.0  # of simulated time that a program waits without printing, with no input left
MOST_WAITS = 2_000  # interrupts in a row that bring a waiting program nothing to print, likewise
MOST_EMPTY_POLLS = 10_000
MOST_SAME_READS = 10_000
MOST_IDLE_CALLS = 20_000  # semihosting calls in a row that move no data
MOST_CHAINED = 10_000  # exceptions in a row, between which nothing else executes
MOST_MADE_UP = 100_000  # values of registers that a program reads without printing

EndKind = Literal["exit", "returned", "idle", "input", "until", "budget", "fault", "reset"]


@dataclass(frozen=True, slots=True)
class End:
    """Why a run ended, in a word and in words; `status` is the program's own exit status, where it gave one."""

    kind: EndKind
    text: str
    status: int | None = None


@dataclass(slots=True)
class Statistics:
    """What a run counts beside the recorder.

    `exceptions`: how often each was entered; `lowest_sp`: by stack ("msp", "psp"), where exceptions and slices saw it.
    """

    waited_cycles: int = 0
    exception_cycles: int = 0
    exceptions: dict[int, int] = field(default_factory=dict)
    lowest_sp: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Waiting:
    """What is known about whether the program only waits."""

    since: int | None = None  # cycle from which on it does without printing
    times: int = 0  # it waited in a row
    is_sure: bool = False
    looks: int = 0
    patience: int = 1
    printed_bytes: int = 0
    made_up: int = 0  # values of registers until it printed last
    # By address of a WFE: registers, accesses of peripherals and printed bytes when it last executed; a checksum of
    # memory where those had been the same before.
    asleep: dict[int, tuple[tuple[tuple[int, ...], int, int], int | None]] = field(default_factory=dict)


class FirmwareRun:
    """One run of a program."""

    def __init__(
        self,
        machine: Machine,
        console: Console,
        semihosting: Semihosting,
        clock_hz: int,
        stacks: Observer | None = None,
    ) -> None:
        """`stacks`: the observer of calls, if there is one. Raises UnsupportedError for a core without cycles for
        exceptions."""
        self.machine = machine
        self.console = console
        self.semihosting = semihosting
        self.clock_hz = clock_hz
        self.statistics = Statistics()
        self.end: End | None = None
        self._costs = {name: _cost(machine.core, name) for name in EVENTS_COSTS}
        self._is_v8m = machine.core.isa.startswith("armv8")
        self._has_fpu = machine.core.fpu is not None
        self._waiting = _Waiting()
        self._actions: list[Callable[[], None]] = []
        self._stacks = stacks
        self._contexts: dict[int, int] = {}  # frame of a pre-empted thread → number of its stack of calls
        self._context = self._threads = 0
        self._returned_at = -1  # instructions when an exception returned last
        self._chained = (0, 0)  # exceptions in a row, between which nothing else executed; bytes printed by then
        self._broke_at = 0  # instructions at the last break of the path
        self.stack_top: int | None = None

    def start_at_reset(self, vector_table: int) -> None:
        """SP and PC from the vector table. Raises EmulationError where these cannot be."""
        machine = self.machine
        stack, entry = machine.word(vector_table), machine.word(vector_table + 4)
        if stack is None or entry is None:
            raise EmulationError(f"there is no vector table at {vector_table:#010x}: no program is loaded there")
        machine.control.words[VTOR] = vector_table
        machine.set("msp", stack & ~3)
        self.stack_top = stack & ~3
        machine.set("lr", 0xFFFF_FFFF)
        machine.go_to(entry, f"the reset vector at {vector_table + 4:#010x}")

    def start_at(self, function: int, arguments: Sequence[int], stack_top: int, vector_table: int | None) -> None:
        """Call one function with integer arguments (AAPCS32, 6.4); it ends when it returns."""
        machine = self.machine
        if vector_table is not None:
            machine.control.words[VTOR] = vector_table
        on_stack = arguments[4:]
        top = (stack_top & ~7) - (4 * len(on_stack) + 7 & ~7)
        for number, value in enumerate(arguments[:4]):
            machine.set(f"r{number}", value)
        for number, value in enumerate(on_stack):
            if not machine.write_memory(top + 4 * number, (value & 0xFFFF_FFFF).to_bytes(4, "little")):
                raise EmulationError(f"the stack at {top:#010x} is no RAM")
        machine.set("msp", top)
        self.stack_top = stack_top
        machine.set("lr", machine.stop_address | 1)
        machine.go_to(function | 1, "the function's address")

    def run(self, max_instructions: int) -> End:
        """Run to the end. Raises UnsupportedError for instructions that the core lacks or that have no timing."""
        try:
            self._run(max_instructions)
        except EmulationError as error:
            self.end = End("fault", str(error))
        assert self.end is not None
        started = list(self.machine.peripherals.started_dma)
        if started and self.end.kind in ("idle", "input"):
            names = " and ".join(started)
            text = f"{self.end.text}; it started {names}, whose transfers and interrupts mcusim does not simulate"
            self.end = dataclasses.replace(self.end, text=text)
        self._note_stack()
        self.machine.recorder.finish()
        return self.end

    def _run(self, max_instructions: int) -> None:
        machine = self.machine
        while self.end is None:
            left = max_instructions - machine.recorder.instructions
            if left <= 0:
                text = f"it does not end within {max_instructions:,} instructions; it is in {machine.where()}"
                self.end = End("budget", text)
                break
            self._deliver()
            if self.end is None:
                machine.stop_requested = False
                stop = machine.execute(min(left, self._horizon()), self._is_masked())
                self._act()
                if stop.kind != "block":
                    self._handle(stop)
                elif not machine.stop_requested:
                    self._look_around()
                self._act()

    def _act(self) -> None:
        """Do what was asked for while code executed."""
        while self._actions:
            self._actions.pop(0)()

    @property
    def end_text(self) -> str:
        """Why it ended, in words."""
        return self.end.text if self.end is not None else "it has not ended"

    def later(self, action: Callable[[], None]) -> None:
        """Do something between two blocks, as soon as possible."""
        self._actions.append(action)
        self.machine.request_stop()

    def stop(self, kind: EndKind, text: str) -> None:
        """End the run before the next block."""
        if self.end is None:
            self.end = End(kind, text)
        self.machine.request_stop()

    def _horizon(self) -> int:
        """Instructions until something has to be looked at."""
        exceptions = self.machine.exceptions
        if self._is_masked() and self.machine.get("xpsr") & IT_BITS:
            return 1  # not a mask, but the middle of an IT block
        if self._waiting.is_sure and not exceptions.active:
            return 1
        return self._until_event()

    def _until_event(self) -> int:
        """Instructions that most likely execute before the next interrupt may come."""
        event = self._next_event()
        return CHUNK if event is None else min(CHUNK, self.machine.instructions_until(event))

    def _is_masked(self) -> bool:
        """Whether an exception is pending that only a mask holds back."""
        exceptions = self.machine.exceptions
        number = exceptions.next_pending()
        return number is not None and exceptions.group(number) < exceptions.running_priority()

    def _next_event(self) -> int | None:
        """The cycle at which the next interrupt may come."""
        machine = self.machine
        events = [machine.systick.next_event(), machine.peripherals.next_event()]
        if any(EXTERNAL + irq in machine.exceptions.enabled for irq in machine.peripherals.input_irqs()):
            events.append(self.console.due())
        now = machine.spent_cycles()
        return min((event for event in events if event is not None and event > now), default=None)

    def _handle(self, stop: Stop) -> None:
        machine = self.machine
        if stop.kind == "return":
            self._return(stop.pc)
        elif stop.kind == "svc":
            machine.exceptions.pending.add(SVCALL)
            if self._running_priority() <= machine.exceptions.group(SVCALL):
                where = machine.code.where(stop.pc)
                self.end = End("fault", f"a supervisor call escalates to a hard fault, before {where}")
        elif stop.kind == "bkpt":
            self._breakpoint(stop.pc)
        elif stop.kind == "stop":
            result = machine.get("r0")
            self.end = End("returned", f"the function returned {result} ({result:#x})")
        elif stop.kind == "fault":
            self.end = End("fault", stop.text)
        elif stop.kind == "wfi":
            self._wait(f"it sleeps and no interrupt will come, in {machine.code.where(stop.pc - 2)}")
        elif stop.kind == "wfe":
            self._wait_for_event(stop.pc - 2)

    def _breakpoint(self, pc: int) -> None:
        machine = self.machine
        if machine.halfword(pc) != SEMIHOSTING_BKPT:
            self.end = End("exit", f"it stops at a breakpoint, {machine.code.where(pc)}")
            return
        host = _Host(machine, self.clock_hz)
        result = self.semihosting.call(host, machine.get("r0"), machine.get("r1"), self.console)
        if self.semihosting.idle_calls > MOST_IDLE_CALLS and self.console.finished:
            text = f"it makes semihosting calls without end that move no data, in {machine.code.where(pc)}"
            self.end = End("input", text)
            return
        if isinstance(result, Ended):
            self.end = End("exit", result.text, result.status)
        else:
            machine.set("r0", result)
            machine.set("pc", pc + 2 | 1)

    # Exceptions.

    def _running_priority(self) -> int:
        """The priority of what is executing, with the masks (DDI 0403E, B1.5.4)."""
        machine, exceptions = self.machine, self.machine.exceptions
        priority = exceptions.running_priority()
        basepri = machine.get("basepri")
        if basepri:
            priority = min(priority, basepri >> exceptions.group_shift << exceptions.group_shift)
        if machine.get("primask") & 1:
            priority = min(priority, 0)
        return min(priority, -1) if machine.get("faultmask") & 1 else priority

    def _collect(self) -> None:
        """Pend what timers and serial ports ask for."""
        machine = self.machine
        machine.systick.advance()
        if machine.systick.fired:
            machine.systick.fired = False
            machine.exceptions.pending.add(SYSTICK)
        for irq in machine.peripherals.pending():
            if EXTERNAL + irq not in machine.exceptions.active:
                machine.exceptions.pending.add(EXTERNAL + irq)

    def _deliver(self) -> None:
        """Enter the most urgent exception that may come now."""
        machine, exceptions = self.machine, self.machine.exceptions
        if machine.control.wants_reset:
            self.end = End("reset", f"it resets the chip, in {machine.where()}")
            return
        self._collect()
        number = exceptions.next_pending()
        if number is None or exceptions.group(number) >= self._running_priority() or machine.get("xpsr") & IT_BITS:
            return
        handler = self._vector(number)
        if handler is not None:
            self._note_stack()
            kept = machine.get("pc") & ~1
            frame = exception_frames.enter(machine, number, handler, self._is_v8m, self._has_fpu)
            self._contexts[frame] = self._context
            self._entered(number, "entry")
            self._break(call_stacks.ENTER, number, kept)

    def _return(self, exc_return: int) -> None:
        """EXC_RETURN was branched to: go back, or on to the next exception."""
        machine, exceptions = self.machine, self.machine.exceptions
        if not exceptions.active:
            self.end = End("fault", f"it jumps to {exc_return:#010x} outside of any exception")
            return
        exceptions.active.pop()
        machine.set("faultmask", 0)
        self._collect()
        number = exceptions.next_pending()
        if number is not None and exceptions.group(number) < self._running_priority():
            handler = self._vector(number)
            if handler is not None:
                exception_frames.chain(machine, number, handler, exc_return)
                self._entered(number, "tail_chain")
                self._break(call_stacks.CHAIN, number)
            return
        frame = exception_frames.leave(machine, exc_return, self._has_fpu)
        self._returned_at = machine.recorder.instructions
        self._pay("return")
        # A frame that was not pushed by an exception belongs to a thread that begins.
        if frame not in self._contexts:
            self._threads += 1
        self._context = self._contexts.pop(frame, self._threads)
        self._break(call_stacks.LEAVE, self._context)

    def _break(self, kind: int, value: int, kept: int = 0) -> None:
        """Tell the observer of calls that the path breaks here; `kept`: what did not execute yet."""
        if self._stacks is None:
            return
        executed = self.machine.recorder.instructions
        joins, self._broke_at = executed == self._broke_at, executed
        if not call_stacks.note_break(self._stacks, kind, value, kept, joins):
            self.machine.recorder.finish()

    def _entered(self, number: int, cost: str) -> None:
        self._note_stack()
        self._count_chained(number, cost)
        exceptions, counts = self.machine.exceptions, self.statistics.exceptions
        exceptions.pending.discard(number)
        exceptions.active.append(number)
        counts[number] = counts.get(number, 0) + 1
        self._pay(cost)

    def _count_chained(self, number: int, cost: str) -> None:
        """End a run in which exceptions leave no time for anything else."""
        printed, executed = len(self.console.output), self.machine.recorder.instructions
        goes_on = (cost == "entry" and executed != self._returned_at) or printed != self._chained[1]
        self._chained = (0 if goes_on else self._chained[0] + 1), printed
        if self._chained[0] > MOST_CHAINED and self.console.finished:
            text = f"exception {number} comes again as soon as its handler ends: what it interrupts never goes on"
            self.end = End("fault", text)

    def _pay(self, cost: str) -> None:
        self.statistics.exception_cycles += self._costs[cost]
        self.machine.pass_time(self._costs[cost])
        self.machine.recorder.leave_path()

    def _vector(self, number: int) -> int | None:
        """The handler of an exception; the run ends where there is none."""
        machine = self.machine
        address = machine.control.vector_table + 4 * number
        handler = machine.word(address)
        if handler is None or not handler & 1 or machine.read_memory(handler & ~1, 2) is None:
            found = "nothing" if handler is None else f"{handler:#010x}"
            self.end = End("fault", f"the vector of exception {number} at {address:#010x} holds {found}: a lock-up")
            return None
        return handler

    # Waiting.

    def _look_around(self) -> None:
        """Between two slices: does the program still do something?"""
        self._note_stack()
        self._collect()
        waiting, console = self._waiting, self.console
        if len(console.output) != waiting.printed_bytes:
            waiting = self._waiting = _Waiting(printed_bytes=len(console.output), made_up=self._made_up())
        waiting.looks += 1
        if console.empty_polls > MOST_EMPTY_POLLS and console.finished:
            self.end = End("input", f"it asks for input and there is none left, in {self.machine.where()}")
        elif self._made_up() - waiting.made_up > MOST_MADE_UP and console.finished:
            where = self.machine.where()
            self.end = End("idle", f"it polls registers of which nothing is known and prints no more, in {where}")
        elif self.machine.peripherals.same_reads > MOST_SAME_READS and console.finished and self._next_event() is None:
            where = self.machine.where()
            self.end = End("idle", f"it polls a register of a serial port or timer that never changes, in {where}")
        elif waiting.looks >= waiting.patience and self.machine.exceptions.next_pending() is None:
            waiting.looks = 0
            stop = only_waits(self.machine, self._until_event())
            self._act()
            waiting.is_sure = stop is True
            if isinstance(stop, Stop):
                self._handle(stop)
                return
            if waiting.is_sure:
                waiting.patience = 1
                self._wait(f"it waits for something that never comes, in {self.machine.where()}")
            else:
                waiting.patience = min(2 * waiting.patience, MOST_PATIENCE)

    def _made_up(self) -> int:
        """How many values of registers were made up so far."""
        return sum(self.machine.peripherals.made_up.values())

    def _wait_for_event(self, pc: int) -> None:
        """WFE: without an event to come, one that has been is taken to wake it, unless nothing changes any more."""
        machine = self.machine
        state = machine.registers(), machine.peripherals.accesses, len(self.console.output)
        before = self._waiting.asleep.get(pc)
        memory = checksum(machine) if before is not None and before[0] == state else None
        self._waiting.asleep[pc] = state, memory
        if self._next_event() is not None or (memory is not None and before is not None and memory == before[1]):
            self._wait(f"it waits for an event and none will come, in {machine.code.where(pc)}")

    def _wait(self, text: str) -> None:
        """Let time pass up to the next event; the run ends where there is none, or it took too long."""
        machine, waiting = self.machine, self._waiting
        self._collect()
        if machine.exceptions.next_pending() is not None:
            return
        now = machine.exact_cycles()
        if waiting.since is None:
            waiting.since = now
        if self.console.send_next(now):
            waiting.since = None
            self._collect()
            if machine.exceptions.next_pending() is not None:
                return
        event = self._next_event()
        waited_s = (now - waiting.since) / self.clock_hz if waiting.since is not None else 0.0
        if event is None:
            self.end = End("idle", text)
        elif (waited_s > IDLE_END_S or waiting.times > MOST_WAITS) and self.console.finished:
            self.end = End("idle", f"it has waited for {waited_s:.3g} s without printing, in {machine.where()}")
        else:
            waiting.times += 1
            self.statistics.waited_cycles += event - now
            machine.pass_time(event - now)

    def _note_stack(self) -> None:
        lowest = self.statistics.lowest_sp
        for name in ("msp", "psp"):
            value = self.machine.get(name)
            if value:
                lowest[name] = min(value, lowest.get(name, value))


class _Host:
    """The machine as semihosting sees it."""

    def __init__(self, machine: Machine, clock_hz: int) -> None:
        self.clock_hz = clock_hz
        self.cycles = machine.cycles
        self.read_memory = machine.read_memory
        self.write_memory = machine.write_memory


def _cost(core: Core, name: str) -> int:
    """Cycles of an exception's entry, return or tail-chain."""
    rule = core.rules.get(f"exception_{name}")
    if rule is None:
        raise UnsupportedError(f"{core.name} has no rule exception_{name}, which says what exceptions cost")
    return rule.value
