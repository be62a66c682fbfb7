"""Core or board, programs, a function and its arguments → what the call returned, wrote and took."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcusim import call_arguments, execution, first_entries, timing, touched_bytes
from mcusim.abi import Placement
from mcusim.call_arguments import Block
from mcusim.call_profile import hot_loops
from mcusim.call_result import CallResult
from mcusim.emulator import Emulator
from mcusim.errors import BadInputError, DoesNotFitError, StackError
from mcusim.expectation import expected_error, no_error
from mcusim.hardware import Board, Core
from mcusim.memory_systems import memory_timing, possible_observers
from mcusim.pipelines import PIPELINES
from mcusim.placement import Bank, largest_bank
from mcusim.procedure_call import place_values
from mcusim.program import Program, variables_span
from mcusim.recording import Observer
from mcusim.trace import Timing, Trace

STACK_BYTES = 16 << 10  # kept for the stack where RAM has room for it
LEAST_STACK_BYTES = 1 << 10
LEAST_GIVEN_STACK_BYTES = 8  # a stack pointer is a multiple of it (AAPCS32, section 6.2.1.2)
LEAST_RAM_BYTES = 64 << 10  # that is emulated, where there is as much: the stack lies at its end
MOST_MACHINES = 16  # kept from one call to the next
MOST_INSTRUCTIONS = 200_000_000


@dataclass(frozen=True, slots=True)
class Hardware:
    """A board with its core; `is_board` is false where only a core was asked for.

    `identity` tells it from all others: everything that its file says.
    """

    board: Board
    core: Core
    is_board: bool
    identity: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may take: bytes of stack (None: what RAM has room for, at most 16 KB), and instructions."""

    stack_bytes: int | None = None
    instructions: int = MOST_INSTRUCTIONS

    def __post_init__(self) -> None:
        """BadInputError for limits that no call could keep."""
        if self.stack_bytes is not None and self.stack_bytes < LEAST_GIVEN_STACK_BYTES:
            raise BadInputError(f"stack_bytes={self.stack_bytes}: {LEAST_GIVEN_STACK_BYTES} or more are expected")
        if not 0 < self.instructions < 1 << 63:
            raise BadInputError(f"most_instructions={self.instructions}: a whole number from 1 up is expected")


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What a trace says: its cycles, for each possible memory system too, and its loops."""

    trace: Trace
    timing: Timing
    cycles: tuple[int, ...]
    loops: tuple[execution.Loop, ...]
    code_bytes: int | None


@dataclass(slots=True, eq=False)
class _Machine:
    """An emulated board with a program in its flash, `ram_bytes` of RAM from `ram` up, and what follows the code.

    `told` is what the last trace says: that of a call with the same arguments is the same.
    """

    emulator: Emulator
    possible: tuple[Observer | None, ...]
    observers: tuple[Observer, ...]
    order: Observer
    touches: Observer
    ram: int
    ram_bytes: int
    told: _Told | None = None

    @property
    def end(self) -> int:
        """Address behind the RAM: the stack's top."""
        return self.ram + self.ram_bytes


@dataclass(slots=True, eq=False)
class Machines:
    """Emulated boards, one for each function, kept for further calls: those used last; and what each program left."""

    kept: OrderedDict[tuple[object, ...], _Machine] = field(default_factory=OrderedDict)
    left: dict[tuple[object, ...], State] = field(default_factory=dict)

    def get(self, hardware: Hardware, program: Program, function: str, ram: int, ram_bytes: int) -> _Machine:
        """The emulated board for a function of a program, with that much RAM."""
        key = (*_identity(hardware, program), function, ram, ram_bytes)
        if key not in self.kept:
            self.kept[key] = _machine(hardware, program, ram, ram_bytes)
        self.kept.move_to_end(key)
        while len(self.kept) > MOST_MACHINES:
            self.kept.popitem(last=False)
        return self.kept[key]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What a call leaves for the next: the state of caches and buffers, and the variables."""

    observers: tuple[NDArray[np.int64], ...]
    variables: tuple[bytes, ...]


def _identity(hardware: Hardware, program: Program) -> tuple[object, ...]:
    """What one board with one program is told from others by."""
    return program.firmware.sha256, program.code_address, hardware.identity


def _machine(hardware: Hardware, program: Program, ram: int, ram_bytes: int) -> _Machine:
    board, core = hardware.board, hardware.core
    possible = possible_observers(board)
    own = PIPELINES[core.pipeline].observer(core, board)
    observers = tuple(one for one in (own, *possible) if one is not None)
    order, touches = first_entries.order_observer(), touched_bytes.touch_observer([(ram, ram_bytes)])
    followed = [*observers, order, touches]
    emulator = Emulator(core, program.firmware, program.code_address, (ram, ram_bytes), [], followed)
    return _Machine(emulator, possible, observers, order, touches, ram, ram_bytes)


def call(
    machines: Machines,
    hardware: Hardware,
    program: Program,
    function: str,
    arguments: Sequence[object],
    *,
    returns: str | None = "int32",
    warm: bool = False,
    limits: Limits = Limits(),
) -> CallResult:
    """Call a function of a program; arrays among the arguments hold afterwards what it wrote to them.

    It begins with empty caches and with the variables as start-up code leaves them; with `warm`, both are as the last
    call of the program left them. `returns` is a type by NumPy's name, None for void. Raises BadInputError for what
    cannot be an argument and a function that there is not, DoesNotFitError where RAM is too small, EmulationError
    where the function does what it must not (it names instruction and source line), StackError where the stack is too
    small for it.
    """
    if function not in program.firmware.symbols:
        raise BadInputError(f"{program.name} has no function {function}")
    bank = largest_bank(hardware.board, "ram")
    span = variables_span(program.variables)
    placed = call_arguments.lay_out(arguments, span[1] if span else bank.start)
    ram, ram_bytes, stack_bytes = _ram(hardware, bank, span[0] if span else bank.start, placed.end, limits)
    machine = machines.get(hardware, program, function, ram, ram_bytes)
    arguments_sha256 = placed.sha256
    float_abi = program.firmware.float_abi
    placement = place_values(function, placed.values, machine.end, float_abi)
    key = _identity(hardware, program)
    left = machines.left.get(key) if warm else None
    trace = _observed(machine, program, placement, placed.blocks, left, (stack_bytes, limits.instructions))
    if not first_entries.is_in_order(machine.order):
        machine.emulator.forget_paths()
        trace = _observed(machine, program, placement, placed.blocks, left, (stack_bytes, limits.instructions))
    for block in placed.blocks:
        if block.is_writable:
            block.take(machine.emulator.read(block.address, block.size))
    machines.left[key] = State(
        tuple(one.state.copy() for one in machine.observers),
        tuple(machine.emulator.read(one.address, len(one.content)) for one in program.variables),
    )
    value = call_arguments.returned_value(returns, *machine.emulator.returned(function), float_abi)
    return _result(machine, hardware, program, trace, value, arguments_sha256)


def _observed(
    machine: _Machine,
    program: Program,
    placement: Placement,
    blocks: Sequence[Block],
    left: State | None,
    limits: tuple[int, int],
) -> Trace:
    """Run a call from the state that another left, None for a reset; `limits` are bytes of stack and instructions."""
    emulator = machine.emulator
    emulator.empty_caches()
    if left is not None:
        for one, state in zip(machine.observers, left.observers, strict=True):
            one.state[:] = state
    contents = left.variables if left is not None else [variables.content for variables in program.variables]
    for variables, content in zip(program.variables, contents, strict=True):
        emulator.write(variables.address, content)
    for block in blocks:
        emulator.write(block.address, block.content)
    ranges = [*((one.address, one.size, one.name) for one in blocks if one.is_writable)]
    ranges += [(one.address, len(one.content), f"the variables in {one.name}") for one in program.variables]
    try:
        return emulator.call(
            placement,
            writable=ranges,
            readable=[(one.address, one.size, one.name) for one in blocks if not one.is_writable],
            stack=(machine.end - limits[0], machine.end),
            max_instructions=limits[1],
            checks_status=False,
        )
    except StackError as error:
        more = f"give the call more, as in stack_bytes={2 * limits[0]}, or have it use less"
        raise StackError(f"{error}; {more}") from None


def _ram(hardware: Hardware, bank: Bank, first: int, end: int, limits: Limits) -> tuple[int, int, int]:
    """Address and bytes of the RAM to emulate, and how much of its end is for the stack.

    As little as will do, in powers of two: what RAM there is beyond changes nothing.
    """
    begin = min(first, bank.start) if first <= bank.end else first
    most = bank.end - begin if bank.start <= first <= bank.end else LEAST_RAM_BYTES << 10
    stack_bytes = limits.stack_bytes or STACK_BYTES
    least = limits.stack_bytes or LEAST_STACK_BYTES
    taken = -(-(end - begin) // call_arguments.ALIGNMENT_BYTES) * call_arguments.ALIGNMENT_BYTES
    if taken + least > most:
        raise DoesNotFitError(
            f"arguments and variables take {taken:,} bytes of RAM and the stack at least {least:,}; {bank.name} of "
            f"{hardware.board.name} has {most:,}"
        )
    ram_bytes = min(max(LEAST_RAM_BYTES, 1 << (taken + stack_bytes - 1).bit_length()), most) & ~7
    return begin, ram_bytes, min(stack_bytes, ram_bytes - taken) & ~7


def _result(
    machine: _Machine,
    hardware: Hardware,
    program: Program,
    trace: Trace,
    value: int | float | None,
    arguments_sha256: str,
) -> CallResult:
    told = _told(machine, program, trace)
    (touched,) = touched_bytes.touched(machine.touches, ["RAM"])
    board, core = hardware.board, hardware.core
    memory = memory_timing(board)
    error = expected_error(board, core, memory)
    return CallResult(
        function=trace.entry,
        core=core.name,
        board=board.name if hardware.is_board else None,
        value=value,
        cycles=told.timing.cycles,
        least_cycles=min(told.cycles),
        most_cycles=max(told.cycles),
        cycles_by_cause=told.timing.by_cause,
        instructions=trace.instructions,
        stack_bytes=trace.stack_bytes,
        read_bytes=touched.read_bytes,
        written_bytes=touched.written_bytes,
        code_bytes=told.code_bytes,
        error_percent=error.percent if error else None,
        error_percent_reason=None if error else f"not validated: {no_error(core, memory)}",
        error_source=error.source if error else None,
        hot_loops=told.loops,
        arguments_sha256=arguments_sha256,
    )


def _told(machine: _Machine, program: Program, trace: Trace) -> _Told:
    """What a trace says, with the first of the possible memory systems."""
    if machine.told is None or machine.told.trace is not trace:
        others = {one.name for one in machine.possible[1:] if one is not None}
        kept = tuple(one for one in trace.observed if one.name not in others)
        timed = timing.timed(machine.emulator.walker, dataclasses.replace(trace, observed=kept))
        waits = [timing.waiting(trace, one.name) if one else 0 for one in machine.possible]
        cycles = tuple(timed.cycles - waits[0] + other for other in waits)
        code_bytes = _code_bytes(program, trace.entry)
        machine.told = _Told(trace, timed, cycles, hot_loops(program, trace, timed), code_bytes)
    return machine.told


def _code_bytes(program: Program, function: str) -> int | None:
    """What a function takes of flash with everything that it needs; None where relocations were not kept."""
    if not all(part.keeps_relocations for part in program.firmware.parts):
        return None
    return sum(one.bytes for one in program.firmware.reachable([function]))
