"""A firmware's run as data, its attributes named as in the mcusim.exec/1 JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.record import VERSION

SCHEMA = "mcusim.exec/1"
FILE_LIMIT_BYTES = 256 << 20
FAILURES = ("fault", "budget", "reset")  # kinds of ends that are not the program's own wish


@dataclass(frozen=True, slots=True)
class FirmwareInfo:
    """The program; `entry` is the function or the vector table that it started from."""

    name: str
    kind: str
    sha256: str
    isa: str | None
    entry: str


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """What it ran on; `memory` names the memory timing."""

    name: str
    mcu: str
    core: str
    chip: str
    clock_hz: int
    memory: str


@dataclass(frozen=True, slots=True)
class EndInfo:
    """Why it ended; `status` is the program's own exit status, where it gave one."""

    kind: str
    text: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over everything that was executed, or over all times that the region ran.

    `cycles` are those of instructions, by cause; those of exceptions' entries and returns, and those that passed
    while the program slept or waited for an interrupt, are apart. `least_cycles` and `most_cycles` span the memory
    parameters that are not known. `error_percent` is the error to expect of the cycles, `error_source` says what it is
    derived from; where none is known `error_percent_reason` says why.
    """

    instructions: int
    cycles: int
    cycles_by_cause: Mapping[str, int]
    exception_cycles: int
    waited_cycles: int
    latency_s: float
    least_cycles: int
    most_cycles: int
    error_percent: float | None
    error_percent_reason: str | None
    error_source: str | None


@dataclass(frozen=True, slots=True)
class FlashSetting:
    """How flash and caches were set, in words, and what ran with it; settings sum to the totals.

    `wait_states` is None where they are not known; `memory` names the memory timing.
    """

    words: str
    wait_states: int | None
    memory: str
    instructions: int
    cycles: int


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that the region ran, by the simulated clock, with exceptions and waiting in it."""

    cycles: int
    instructions: int


@dataclass(frozen=True, slots=True)
class Region:
    """What of the run is counted, in words, and each time that it ran."""

    words: str
    occurrences: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function without those that it calls; `cycles_with_calls` are with them."""

    name: str
    address: int
    calls: int
    instructions: int
    cycles: int
    cycles_by_cause: Mapping[str, int]
    cycles_with_calls: int
    source: str | None


@dataclass(frozen=True, slots=True)
class CallSite:
    """A place that a function is called from; `address` is None for an exception or a start, `cycles` with calls."""

    caller: str
    callee: str
    address: int | None
    calls: int
    instructions: int
    cycles: int
    source: str | None


@dataclass(frozen=True, slots=True)
class Stack:
    """A chain of calls from the outermost function on, and what its last function took by itself."""

    frames: tuple[str, ...]
    calls: int
    cycles: int


@dataclass(frozen=True, slots=True)
class ExceptionCount:
    """How often an exception was entered."""

    number: int
    name: str
    entries: int


@dataclass(frozen=True, slots=True)
class StackUse:
    """The lowest address that a stack pointer had, and bytes below its top where that is known."""

    name: str
    lowest_address: int
    used_bytes: int | None


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes of a bank that the program's loads and stores touched; its code and literals are not in it."""

    name: str
    address: int
    bytes: int
    read_bytes: int
    written_bytes: int
    touched_bytes: int


@dataclass(frozen=True, slots=True)
class Line:
    """An instruction of a loop, and how often it executed."""

    address: int
    text: str
    executions: int
    source: str | None


@dataclass(frozen=True, slots=True)
class Loop:
    """A hot loop: where it is, how often it went round, what its own code took; `lines` are with loops within it."""

    function: str
    address: int
    bytes: int
    iterations: int
    cycles: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Execution:
    """A run of a firmware."""

    command: str
    firmware: FirmwareInfo
    board: BoardInfo
    end: EndInfo
    region: Region | None
    totals: Totals
    flash: tuple[FlashSetting, ...]
    functions: tuple[Function, ...]
    call_sites: tuple[CallSite, ...]
    stacks: tuple[Stack, ...]
    exceptions: tuple[ExceptionCount, ...]
    stack_use: tuple[StackUse, ...]
    memory: tuple[MemoryUse, ...]
    loops: tuple[Loop, ...]
    console: str
    notes: tuple[str, ...]


def to_json(execution: Execution) -> dict[str, object]:
    """The JSON document as Python objects."""
    return {"schema": SCHEMA, "mcusim_version": VERSION, **dataclasses.asdict(execution)}


def from_json(document: object, file: str) -> Execution:
    """The execution of a JSON document. Raises BadInputError, naming `file` and the key, for anything else."""
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise BadInputError(f"{file}: schema: expected {SCHEMA!r}, as mcusim exec --json writes it")
    rest = {key: value for key, value in document.items() if key not in ("schema", "mcusim_version")}
    execution = documents.build(Execution, rest, file)
    total = sum(execution.totals.cycles_by_cause.values())
    if total != execution.totals.cycles:
        raise BadInputError(f"{file}: totals.cycles: expected the sum of the causes, {total:,}")
    if sum(one.cycles for one in execution.flash) != total:
        raise BadInputError(f"{file}: flash: expected cycles that sum to totals.cycles, {total:,}")
    return execution


def load_execution(path: str | os.PathLike[str]) -> Execution:
    """A saved execution. Raises BadInputError for anything else."""
    shown = os.fspath(path)
    text = documents.read_text(path, FILE_LIMIT_BYTES, "a run saved with mcusim exec --json")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{shown} is not valid JSON: {error}; a run saved with mcusim exec is expected") from None
    return from_json(document, shown)


def minus(execution: Execution, other: Execution) -> Execution:
    """What one run did more than another of the same program: exactly one inference, where it did one more.

    Raises BadInputError for runs of different programs or boards, and for a run that did less in some function.
    """
    for what in ("firmware.sha256", "board.name", "board.clock_hz", "board.memory"):
        table, key = what.split(".")
        mine, its = (getattr(getattr(one, table), key) for one in (execution, other))
        if mine != its:
            raise BadInputError(f"the runs cannot be subtracted: {what} is {mine} in one and {its} in the other")
    functions = {one.address: one for one in other.functions}
    return dataclasses.replace(
        execution,
        totals=_less_totals(execution.totals, other.totals),
        flash=_less_flash(execution, other),
        functions=_ranked(_less_function(one, functions.get(one.address)) for one in execution.functions),
        call_sites=_less_sites(execution, other),
        stacks=_less_stacks(execution, other),
        exceptions=_less_exceptions(execution, other),
        loops=(),
        notes=(*execution.notes, f"The figures are those of this run less those of another ({other.command})."),
    )


def _less_totals(mine: Totals, its: Totals) -> Totals:
    causes = {cause: count - its.cycles_by_cause.get(cause, 0) for cause, count in mine.cycles_by_cause.items()}
    if mine.instructions < its.instructions:
        raise BadInputError("the run to subtract executed more instructions than this one; change their places")
    return dataclasses.replace(
        mine,
        instructions=mine.instructions - its.instructions,
        cycles=mine.cycles - its.cycles,
        cycles_by_cause=causes,
        exception_cycles=mine.exception_cycles - its.exception_cycles,
        waited_cycles=mine.waited_cycles - its.waited_cycles,
        latency_s=mine.latency_s - its.latency_s,
        least_cycles=mine.least_cycles - its.least_cycles,
        most_cycles=mine.most_cycles - its.most_cycles,
    )


def _less_flash(mine: Execution, its: Execution) -> tuple[FlashSetting, ...]:
    """Settings of either run: one that was in force for longer in the other is below 0."""
    known = {one.words: one for one in its.flash}
    less = [dataclasses.replace(one, instructions=0, cycles=0) for one in its.flash]
    rows = {one.words: one for one in (*less, *mine.flash)}
    for words, one in rows.items():
        other = known.get(words)
        if other is not None:
            instructions, cycles = one.instructions - other.instructions, one.cycles - other.cycles
            rows[words] = dataclasses.replace(one, instructions=instructions, cycles=cycles)
    return tuple(one for one in rows.values() if one.instructions or one.cycles)


def _less_function(mine: Function, its: Function | None) -> Function:
    if its is None:
        return mine
    return dataclasses.replace(
        mine,
        calls=mine.calls - its.calls,
        instructions=mine.instructions - its.instructions,
        cycles=mine.cycles - its.cycles,
        cycles_by_cause={
            cause: count - its.cycles_by_cause.get(cause, 0) for cause, count in mine.cycles_by_cause.items()
        },
        cycles_with_calls=mine.cycles_with_calls - its.cycles_with_calls,
    )


def _ranked(functions: object) -> tuple[Function, ...]:
    found = [one for one in functions if one.instructions or one.cycles]  # type: ignore[attr-defined]
    return tuple(sorted(found, key=lambda one: (-one.cycles, one.name)))


def _less_sites(mine: Execution, its: Execution) -> tuple[CallSite, ...]:
    known = {(one.caller, one.callee, one.address): one for one in its.call_sites}
    found = []
    for one in mine.call_sites:
        less = known.get((one.caller, one.callee, one.address))
        if less is not None:
            one = dataclasses.replace(
                one,
                calls=one.calls - less.calls,
                instructions=one.instructions - less.instructions,
                cycles=one.cycles - less.cycles,
            )
        if one.calls or one.cycles:
            found.append(one)
    return tuple(sorted(found, key=lambda one: (-one.cycles, one.caller, one.callee)))


def _less_stacks(mine: Execution, its: Execution) -> tuple[Stack, ...]:
    known = {one.frames: one for one in its.stacks}
    found = []
    for one in mine.stacks:
        less = known.get(one.frames)
        if less is not None:
            one = Stack(one.frames, one.calls - less.calls, one.cycles - less.cycles)
        if one.calls or one.cycles:
            found.append(one)
    return tuple(found)


def _less_exceptions(mine: Execution, its: Execution) -> tuple[ExceptionCount, ...]:
    known = {one.number: one.entries for one in its.exceptions}
    rows = [dataclasses.replace(one, entries=one.entries - known.get(one.number, 0)) for one in mine.exceptions]
    return tuple(one for one in rows if one.entries)
