"""Code that runs with recording hooks → every edge known and timed as it first comes, observers fed, Traces."""

from __future__ import annotations

import ctypes
import dataclasses
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import observations, observer
from mcusim.addressing import addressing
from mcusim.errors import EmulationError
from mcusim.interpreter import with_room
from mcusim.recording import (
    ACCESS,
    ACCESS_BYTES,
    ADDRESS,
    BLOCK_COLUMNS,
    BRANCH,
    BRANCHES,
    BYTES,
    CHAINS,
    EDGE_COLUMNS,
    FLAGS,
    FLOAT,
    INSTRUCTION_COLUMNS,
    LITERAL,
    LOAD,
    NO_ACCESS,
    NO_PREVIOUS,
    REGISTERS,
    SINGLE_LOAD,
    STORE,
    STORES_BEHIND_LOAD,
    STORES_BEHIND_LOAD_INDEXED,
    Observed,
    Observer,
    Table,
)
from mcusim.timing import REFILL, Step, Walker, is_taken
from mcusim.trace import Block, Instruction, Trace
from mcusim.tracing import CodeBlock, DecodedCode, behind, build_trace, recorded_sites, size_of, wholes

LOG_WORDS = 1 << 16  # of the log between two times that it is emptied
MOST_SITES = 1 << 16
# What of an edge a trace is made of.
COUNTED = [observer.EDGE_PREVIOUS, observer.EDGE_BLOCK, observer.EDGE_COUNT, observer.EDGE_LOWEST_SP]
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)


@dataclass(slots=True)
class _Grown:
    """A table that grows by rows, as a view of an array with room."""

    array: Table
    length: int = 0

    @classmethod
    def of(cls, columns: int) -> _Grown:
        """An empty table."""
        return cls(np.zeros((256, columns) if columns else 256, np.int64))

    def extend(self, rows: Sequence[Sequence[int]] | Sequence[int]) -> int:
        """Append rows; the number of the first."""
        first, self.length = self.length, self.length + len(rows)
        if self.length > len(self.array):
            grown = np.zeros((2 * self.length, *self.array.shape[1:]), np.int64)
            grown[:first] = self.array[:first]
            self.array = grown
        if len(rows):
            self.array[first : self.length] = rows
        return first

    @property
    def rows(self) -> Table:
        """All rows so far."""
        return self.array[: self.length]


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What a recorder has counted at one moment: the hooks' counts, and those of each observer by block."""

    counts: observations.Counts
    observed: tuple[Table, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """The trace that was made of a moment: calls with the same arguments are counted the same."""

    moment: Moment
    place: tuple[str, tuple[int, int], int]
    trace: Trace

    def is_of(self, other: Moment, place: tuple[str, tuple[int, int], int]) -> bool:
        """Whether another moment makes the same trace."""
        own, counts = self.moment.counts, other.counts
        return (
            self.place == place
            and own.last_block == counts.last_block
            and own.operands == counts.operands
            and np.array_equal(own.edges[:, COUNTED], counts.edges[:, COUNTED])
            and np.array_equal(own.executions, counts.executions)
            and np.array_equal(own.lowest_sp, counts.lowest_sp)
            and all(map(np.array_equal, self.moment.observed, other.observed))
        )


class _Piece:
    """A piece of the log that observers follow, one after the other, on a thread of its own."""

    def __init__(self, log: Table, tables: Sequence[Table], following: Sequence[tuple[Observer, Table]]) -> None:
        """`tables`: of blocks, instructions, edges and issue; each observer of `following` with its counts."""
        self._log, self._tables, self._following = log, tables, following
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=with_room, args=[self._follow], name="mcusim observers")
        self._thread.start()

    def _follow(self) -> None:
        try:
            for one, counts in self._following:
                one.observe(self._log, len(self._log), *self._tables, one.parameters, one.state, counts)
        except BaseException as error:  # `wait` raises it
            self._error = error

    def wait(self) -> None:
        """Until the observers are through; raises what went wrong."""
        self._thread.join()
        if self._error is not None:
            raise self._error


class Recorder:
    """Follows one emulated core: `hooks` go on all of its code, `state` is their argument.

    What goes wrong while Python is asked ends the run with the status REFUSED and is raised by `check`.
    """

    def __init__(
        self,
        code: DecodedCode,
        regions: Sequence[tuple[int, int]],
        observers: Sequence[Observer],
        functions: tuple[int, int],
    ) -> None:
        """`regions`: (address, bytes) of code; `functions`: addresses of uc_reg_read and uc_emu_stop."""
        self.code = code
        self.observers = tuple(observers)
        self.walker = Walker(code.core)
        self.state = observations.recording_state(regions, functions, MOST_SITES, LOG_WORDS)
        self.state[observer.JOINS] = 1
        self._ask = _CALLBACK(self._answer)  # kept: the hooks call it
        self.state[observer.CALLBACK] = int(ctypes.cast(self._ask, ctypes.c_void_p).value or 0)
        self._at_reset = [one.state.copy() for one in self.observers]
        self._error: BaseException | None = None
        self._blocks = _Grown.of(BLOCK_COLUMNS)
        self._instructions = _Grown.of(INSTRUCTION_COLUMNS)
        self._edges = _Grown.of(EDGE_COLUMNS)
        self._issue = _Grown.of(0)
        self._static = _Grown.of(0)  # cycles of each edge
        self._walks: list[tuple[tuple[Step, ...], Block]] = []  # path and block of each edge
        self._numbers: dict[int, int] = {}  # block's key → row of _blocks
        self._seen: list[CodeBlock] = []
        self._is_behind: list[bool] = []  # by block's row: whether it is a piece behind another of one block
        self._before: dict[int, int] = {}  # block's row → the row it was first entered from
        self._known_slots: list[int] = []  # of all edges in the array
        self.sites: dict[int, int] = {}
        self._counts = [np.zeros((256, len(one.events)), np.int64) for one in self.observers]
        self._piece: _Piece | None = None  # of the log, which observers follow while the code runs on
        self._is_compiled = False  # what the observers are
        self._last: _Told | None = None

    def reset(self, max_instructions: int) -> None:
        """Forget all counts; what is known about the code stays, and so does the observers' state."""
        self._wait()
        observations.restart(self.state, max_instructions, self._known_slots, len(self.sites))
        for counts in self._counts:
            counts[:] = 0

    def forget(self) -> None:
        """Put the observers' state back to what it was before any code ran: caches and buffers are empty."""
        self._wait()
        for one, state in zip(self.observers, self._at_reset, strict=True):
            one.state[:] = state

    def forget_paths(self) -> None:
        """Forget what code ran, and by which way each block was first entered: that may shape when an access comes.

        What is known of the instructions themselves stays.
        """
        self._wait()
        table = observations.edge_table(self.state)
        table[(np.array(self._known_slots, np.int64) - observer.EDGE_TABLE) // observer.EDGE_WORDS] = 0
        self.state[observer.EDGES] = 0
        for one in (self._blocks, self._instructions, self._edges, self._issue, self._static):
            one.length = 0
        for known in (self._walks, self._seen, self._is_behind, self._known_slots):
            known.clear()
        self._numbers.clear()
        self._before.clear()
        self._last = None

    def check(self) -> None:
        """Raise what went wrong while Python was asked."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def flush(self) -> None:
        """Have the observers follow all of the log, to its end."""
        self._hand_over()
        self._wait()

    def _empty_log(self) -> None:
        """Make room in the log while the code runs."""
        self._hand_over()

    def _wait(self) -> None:
        """Until the observers have followed what they were given."""
        piece, self._piece = self._piece, None
        if piece is not None:
            piece.wait()

    def _hand_over(self) -> None:
        """Give all of the log to the observers, who follow it while the code runs on: beside the core's own thread."""
        self._wait()
        words = int(self.state[observer.LOG_WORDS])
        begin = int(self.state[observer.LOG_AT])
        if words and self._is_compiled:
            self._piece = self._observe(self.state[begin : begin + words].copy())
        elif words:
            self._observe(self.state[begin : begin + words]).wait()
            self._is_compiled = True
        self.state[observer.LOG_WORDS] = 0

    def cycles(self) -> int:
        """Cycles so far since `reset`, every condition taken as met and every divide as one cycle.

        The block that is executing counts as a whole.
        """
        self.flush()
        table = observations.edge_table(self.state)
        known = table[table[:, observer.EDGE_BLOCK] != 0]
        static = int((self._static.rows[known[:, observer.EDGE_INDEX]] * known[:, observer.EDGE_COUNT]).sum())
        waits = sum(
            float((counts.sum(axis=0) * np.array([event.cycles for event in one.events])).sum())
            for one, counts in zip(self.observers, self._counts, strict=True)
        )
        return static + round(waits)

    def moment(self) -> Moment:
        """All that was counted since `reset`."""
        self.flush()
        counts = observations.counts(self.state, len(self.sites))
        return Moment(counts, tuple(one.copy() for one in self._counts))

    def trace(self, moment: Moment, entry: str, stack: tuple[int, int], stop: int) -> Trace:
        """The trace of all that a moment counts, what was observed in order of `observers`; see tracing.build_trace."""
        if self._last is not None and self._last.is_of(moment, (entry, stack, stop)):
            return self._last.trace
        whole = wholes(self.code, moment.counts.edges)
        trace = build_trace(self.code.core, whole, moment.counts, self.sites, entry, stack, stop)
        # A block behind a branch has several keys.
        rows = {self._numbers[key]: number for key, number in whole.index.items()}
        observed = []
        for one, counts in zip(self.observers, moment.observed, strict=True):
            found = np.zeros((len(trace.blocks), len(one.events)), np.int64)
            for row, number in rows.items():
                if row < len(counts):  # else the block came later
                    found[number] += counts[row]
            observed.append(Observed(one.name, one.events, tuple(map(tuple, found.tolist()))))
        trace = dataclasses.replace(trace, observed=tuple(observed))
        self._last = _Told(moment, (entry, stack, stop), trace)
        return trace

    def _answer(self, question: int) -> int:
        try:
            if question == observer.DISCOVER:
                self._discover(int(self.state[observer.NEW_SLOT]))
            else:
                self._empty_log()
        except BaseException as error:  # nothing may pass through the emulator; `check` raises it
            self._error = error
            self.state[observer.STATUS] = observer.REFUSED
            return 1
        return 0

    def _discover(self, slot: int) -> None:
        """Make an edge known before its block executes for the first time."""
        self._known_slots.append(slot)
        row = self.state[slot : slot + observer.EDGE_WORDS]
        key, previous = int(row[observer.EDGE_BLOCK]), int(row[observer.EDGE_PREVIOUS])
        if int(self.state[observer.EDGES]) == observer.MOST_EDGES:
            raise EmulationError("the code takes more different paths than can be counted")
        self.state[observer.EDGES] += 1
        before = self._numbers.get(previous, NO_PREVIOUS)
        number = self._numbers.get(key)
        if number is None and behind(key) and self._seen[before].ends_by_branch:
            number = self._numbers.get(key & observer.PLAIN)  # the block that any other way leads to as well
            number = self._add_block(key & observer.PLAIN, before, previous) if number is None else number
            self._numbers[key] = number
        elif number is None:
            number = self._add_block(key, before, previous)
        if before >= 0:
            self._before.setdefault(number, before)
        seen = self._seen[number]
        moves = bool(seen.moves) or (before >= 0 and bool(self._seen[before].moves))
        row[observer.EDGE_INSTRUCTIONS] = len(seen.block.instructions)
        row[observer.EDGE_READS_SP] = moves
        row[observer.EDGE_LOWEST_SP] = observer.HIGHEST_SP
        row[observer.EDGE_INDEX] = self._add_edge(before, number)

    def _add_block(self, key: int, before: int, previous: int) -> int:
        """Make a block known that is entered from row `before`, the block of the key `previous`, for the first time."""
        goes_on = before >= 0 and (previous & 0xFFFFFFFF) + size_of(previous) == key & 0xFFFFFFFF
        seen = self.code.block(key, previous if goes_on else None)
        block = seen.block
        last = self._seen[before].block.instructions[-1] if behind(key) else None
        first = self._instructions.extend(_rows(block, last))
        number = self._blocks.extend([[block.address, block.size, first, len(block.instructions), self._halfword(key)]])
        self._numbers[key] = number
        self._seen.append(seen)
        self._is_behind.append(behind(key) > 0)
        for site in recorded_sites(seen):
            self._add_site(site)
        for index, counts in enumerate(self._counts):
            if number >= len(counts):
                self._wait()  # for who counts there
                self._counts[index] = np.concatenate([counts, np.zeros_like(counts)])
        return number

    def _add_site(self, site: observations.Site) -> None:
        if site.address in self.sites:
            return
        number = len(self.sites)
        if number == MOST_SITES:
            raise EmulationError(f"more than {MOST_SITES} instructions have to be followed one by one")
        self.sites[site.address] = number
        observations.record_site(self.state, number, self._halfword(site.address), site)

    def _halfword(self, key: int) -> int:
        return observations.halfword_of(self.state, key & 0xFFFFFFFF)

    def _add_edge(self, before: int, number: int) -> int:
        """Time a block behind the one before it, and what that one was first entered from."""
        block = self._seen[number].block
        path: list[Step] = []
        follower, at, blocks = number, before, 0
        while at >= 0 and blocks < 2:
            path.insert(0, Step(self._seen[at].block, is_taken(self._seen[at].block, self._seen[follower].block)))
            blocks += not self._is_behind[follower]
            follower, at = at, self._before.get(at, NO_PREVIOUS)
        own, refill = self._walk(path, block)
        self._walks.append((tuple(path), block))
        first = self._issue.extend(own.tolist())
        self._static.extend([int(own.sum()) + refill])
        taken = int(not path or path[-1].leaves)
        return self._edges.extend([[number, before, taken, first, refill]])

    def _walk(self, path: Sequence[Step], block: Block) -> tuple[NDArray[np.int64], int]:
        """Cycles of each instruction of a block behind a path, and of the refill before the first."""
        cycles = self.walker.walk(path, block)
        return cycles[:, :REFILL].sum(axis=1), int(cycles[0, REFILL])

    def _observe(self, log: NDArray[np.int64]) -> _Piece:
        """Have the observers follow a piece of the log; the tables are those of now, to which rows may be added."""
        tables = self._blocks.rows, self._instructions.rows, self._edges.rows, self._issue.rows
        return _Piece(log, tables, self._following())

    def _following(self) -> Sequence[tuple[Observer, Table]]:
        """The observers that follow what executes now, with their counts: all of them."""
        return list(zip(self.observers, self._counts, strict=True))


def _rows(block: Block, before: Instruction | None) -> list[list[int]]:
    """The block's rows of the table of instructions; `before` is what it goes on behind, if the emulator cut it off."""
    rows = []
    for one in block.instructions:
        row = [0] * INSTRUCTION_COLUMNS
        row[ADDRESS], row[BYTES], row[BRANCH] = one.address, one.size, BRANCHES.index(one.branch or "")
        row[LITERAL] = -1
        if one.access is not None:
            row[ACCESS] = LOAD if one.access.kind == "load" else STORE
            row[ACCESS_BYTES], row[REGISTERS] = one.access.bytes, one.access.words
            place = addressing(one)
            if place is not None and place.base is None and place.index is None:
                row[LITERAL] = place.offset
        row[FLAGS] = _flags(one, before)
        rows.append(row)
        before = one
    return rows


def _flags(one: Instruction, before: Instruction | None) -> int:
    flags = FLOAT if one.mnemonic.startswith("v") else NO_ACCESS
    behind_load = before is not None and _is_single(before, "load") and not before.writes & one.address_reads
    if _is_single(one, "load"):
        flags |= SINGLE_LOAD | (CHAINS if behind_load else 0)
    elif behind_load and _is_single(one, "store") and one.access is not None and one.access.offset != "register":
        flags |= STORES_BEHIND_LOAD_INDEXED if one.base_writeback else STORES_BEHIND_LOAD
    return flags


def _is_single(one: Instruction, kind: str) -> bool:
    access = one.access
    if access is None or access.kind != kind or access.multiple or one.branch is not None:
        return False
    return not one.mnemonic.startswith("v") and "ex" not in one.mnemonic
