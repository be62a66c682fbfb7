"""A recorded run that stops and goes on → instructions and cycles so far, and what was counted between two moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import observations, observer
from mcusim.recorder import Moment, Recorder
from mcusim.recording import Observer
from mcusim.trace import Trace
from mcusim.tracing import DecodedCode

Table = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything that is counted, at one moment: by edge, pair of operands, site, and block and event."""

    edges: Table
    operands: Table
    sites: Table
    observed: tuple[Table, ...]

    def minus(self, earlier: Snapshot) -> Snapshot:
        """What was counted since an earlier moment; tables only grow, so that rows keep their places."""
        observed = []
        for now, before in zip(self.observed, earlier.observed, strict=True):
            rest = now.copy()
            rest[: len(before)] -= before
            observed.append(rest)
        return Snapshot(
            self.edges - earlier.edges, self.operands - earlier.operands, self.sites - earlier.sites, tuple(observed)
        )

    def plus(self, other: Snapshot) -> Snapshot:
        """The sum of two intervals, `other` not the older one."""
        observed = []
        for mine, more in zip(self.observed, other.observed, strict=True):
            total = more.copy()
            total[: len(mine)] += mine
            observed.append(total)
        return Snapshot(
            self.edges + other.edges, self.operands + other.operands, self.sites + other.sites, tuple(observed)
        )


class ResumableRecorder(Recorder):
    """A recorder of one long run in slices: each is granted a number of instructions."""

    def __init__(
        self,
        code: DecodedCode,
        regions: Sequence[tuple[int, int]],
        observers: Sequence[Observer],
        functions: tuple[int, int],
    ) -> None:
        """As `Recorder`; nothing is granted yet."""
        super().__init__(code, regions, observers, functions)
        self.reset(0)
        self._granted = 0
        self.next_instructions = 0
        self._slots: list[int] = []  # of all edges, in order of their number
        self._slot_array = np.zeros(0, np.int64)
        self._slot_of_block: dict[int, int] = {observer.NO_BLOCK: observer.NO_EDGE}

    def add_observer(self, one: Observer) -> None:
        """Have another observer follow, from the start."""
        self.observers = (*self.observers, one)
        self._counts.append(np.zeros((256, len(one.events)), np.int64))

    @property
    def instructions(self) -> int:
        """Instructions executed so far, the block that is executing as a whole."""
        return self._granted - int(self.state[observer.REMAINING])

    def grant(self, instructions: int) -> None:
        """Let that many instructions execute from now; the run stops before the block that would exceed them."""
        self._granted += instructions - int(self.state[observer.REMAINING])
        self.state[observer.REMAINING] = instructions
        self.state[observer.STATUS] = observer.RUNNING

    def take_back(self) -> None:
        """Forget the visit of the block that the run stopped before; `next_instructions` says how long that is."""
        slot = int(self.state[observer.LAST_EDGE])
        self.state[slot + observer.EDGE_COUNT] -= 1
        self.next_instructions = int(self.state[slot + observer.EDGE_INSTRUCTIONS])
        self.state[observer.REMAINING] += self.next_instructions
        self.state[observer.LOG_WORDS] -= 1
        self.state[observer.LAST_EDGE] = self._slot_of_block[int(self.state[slot + observer.EDGE_PREVIOUS])]
        self.state[observer.STATUS] = observer.RUNNING

    def last_block(self) -> int:
        """The block (size << 32 | address) executed last; observer.NO_BLOCK at the start of a path."""
        return int(self.state[int(self.state[observer.LAST_EDGE]) + observer.EDGE_BLOCK])

    def leave_path(self) -> None:
        """What executes next does not follow from what executed last: an exception came, or returned."""
        self.state[observer.LAST_EDGE] = observer.NO_EDGE

    def flush(self) -> None:
        """Have the observers follow the log up to the block that is executing, whose accesses are not complete."""
        words, begin = int(self.state[observer.LOG_WORDS]), int(self.state[observer.LOG_AT])
        log = self.state[begin : begin + words]
        visits = np.flatnonzero(log >= 0)
        last = int(visits[-1]) if len(visits) else 0
        if last:
            self._observe(log[:last])
            self.state[begin : begin + words - last] = log[last:].copy()
            self.state[observer.LOG_WORDS] = words - last

    def cycles(self) -> int:
        """As `Recorder.cycles`, by the known edges only."""
        self.flush()
        if len(self._slot_array) != len(self._slots):
            self._slot_array = np.array(self._slots, np.int64) + observer.EDGE_COUNT
        static = int(self._static.rows @ self.state[self._slot_array]) if self._slots else 0
        waits = 0.0
        for one, counts in zip(self.observers, self._counts, strict=True):
            waits += float(counts.sum(axis=0) @ np.array([event.cycles for event in one.events], float))
        return static + round(waits)

    def finish(self) -> None:
        """Have the observers follow all of the log; the run stands between two blocks."""
        super().flush()

    def snapshot(self, in_block: bool) -> Snapshot:
        """All counts as they are now; of a block that is executing (`in_block`) nothing counts."""
        if in_block:
            self.flush()
        else:
            self.finish()
        table = observations.edge_table(self.state)
        edges = table[:, observer.EDGE_COUNT].copy()
        last = int(self.state[observer.LAST_EDGE])
        if in_block and last != observer.NO_EDGE:
            edges[(last - observer.EDGE_TABLE) // observer.EDGE_WORDS] -= 1
        operands = self.state[observer.DIVIDE_TABLE : observer.SITE_MAP].reshape(-1, observer.DIVIDE_WORDS)[:, 1].copy()
        sites = self._site_rows()[:, observer.SITE_COUNT].copy()
        return Snapshot(edges, operands, sites, tuple(counts.copy() for counts in self._counts))

    def trace_of(self, interval: Snapshot, entry: str, stack: tuple[int, int], stop: int) -> Trace:
        """The trace of what was counted in an interval; the other arguments are those of `trace`."""
        table = observations.edge_table(self.state).copy()
        table[:, observer.EDGE_COUNT] = interval.edges
        edges = table[table[:, observer.EDGE_COUNT] != 0]
        outside = ~np.isin(edges[:, observer.EDGE_PREVIOUS], edges[:, observer.EDGE_BLOCK])
        edges[outside, observer.EDGE_PREVIOUS] = observer.NO_BLOCK  # the interval begins there
        edges = edges[np.lexsort((edges[:, observer.EDGE_BLOCK], edges[:, observer.EDGE_PREVIOUS]))]
        now = observations.counts(self.state)
        last = (
            now.last_block if now.last_block in edges[:, observer.EDGE_BLOCK] else int(edges[-1, observer.EDGE_BLOCK])
        )
        counts = observations.Counts(edges, interval.sites, now.lowest_sp, self._operands(interval), last)
        return self.trace(Moment(counts, interval.observed), entry, stack, stop)

    def _operands(self, interval: Snapshot) -> dict[int, dict[tuple[int, int, int], int]]:
        state = self.state.copy()
        table = state[observer.DIVIDE_TABLE : observer.SITE_MAP].reshape(-1, observer.DIVIDE_WORDS)
        table[:, 1] = interval.operands
        table[interval.operands == 0] = 0
        return observations.operands_of(state)

    def _discover(self, slot: int) -> None:
        super()._discover(slot)
        self._slots.append(slot)
        # Any edge that leads to a block stands for it as the one executed last.
        self._slot_of_block.setdefault(int(self.state[slot + observer.EDGE_BLOCK]), slot)

    def _site_rows(self) -> Table:
        first, end = int(self.state[observer.SITES_AT]), int(self.state[observer.LOG_AT])
        rows: Table = self.state[first:end].reshape(-1, observer.SITE_WORDS)
        return rows
