"""A recorded run that stops and goes on → instructions and cycles so far, and what was counted between two moments."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mcusim import observations, observer
from mcusim.pipelines import PIPELINES
from mcusim.recorder import Moment, Recorder
from mcusim.recording import EDGE_ISSUE, EDGE_REFILL, Observer
from mcusim.regimes import Regime, Snapshot
from mcusim.timing import Walker
from mcusim.trace import Block, Edge, Trace
from mcusim.tracing import DIVIDES, LONG_MULTIPLIES, DecodedCode

Table = NDArray[np.int64]
MORE_THAN_GRANTED = 1 << 50  # instructions
OPERAND_MNEMONICS = DIVIDES | LONG_MULTIPLIES
MASKS = ("primask", "basepri", "basepri_max", "faultmask")
Ends = Mapping[tuple[int, int], int]  # by regime and block


class ResumableRecorder(Recorder):
    """A recorder of one long run in slices: each is granted a number of instructions."""

    def __init__(
        self,
        code: DecodedCode,
        regions: Sequence[tuple[int, int]],
        observers: Sequence[Observer],
        functions: tuple[int, int],
    ) -> None:
        """As `Recorder`; nothing is granted yet, and `observers` follow under every regime."""
        super().__init__(code, regions, observers, functions)
        self.state[observer.JOINS] = 0  # a program is interrupted anywhere, also where the emulator cuts a block
        self.reset(0)
        self._granted = 0
        self.next_instructions = 0
        self._slots: list[int] = []  # of all edges, in order of their number
        self._slot_array = np.zeros(0, np.int64)
        self._slot_of_block: dict[int, int] = {observer.NO_BLOCK: observer.NO_EDGE}
        self._unmasking: list[int] = []  # slots of edges to blocks that end with an instruction that writes a mask
        self._held: dict[int, int] = {}  # of these, how many instructions they are, while execution stops before them
        self._holds = False
        self._known_operands = 0
        self._beyond = np.zeros(0, np.int64)
        self.next_unmasks = False
        self._ways: dict[int, dict[int, int]] = {}  # by block: slots of the edges that leave it, by where they lead
        self.regimes = [Regime(self.walker)]
        self.regime = 0  # the number of the one in force
        # Of edges, operands and sites: what each regime has counted until the one in force came, and all counts then.
        self._begun = self._counters()
        self._settled = tuple(np.zeros((1, len(counters)), np.int64) for counters in self._begun)
        self._settled_cycles = 0

    def add_observer(self, one: Observer) -> None:
        """Have another observer follow, from the start."""
        rows = max([256, *(len(counts) for counts in self._counts)])
        self.observers = (*self.observers, one)
        self._counts.append(np.zeros((rows, len(one.events)), np.int64))

    def put_in_force(self, regime: Regime) -> None:
        """Time and observe by a regime from now on, between two blocks; one that was in force before goes on.

        One that comes before anything has executed is the first.
        """
        self.finish()
        if not self.instructions:
            self.regimes.clear()
        else:
            self._settle()
        if regime not in self.regimes:
            self.regimes.append(regime)
            missing = len(self.regimes) - len(self._settled[0])
            self._settled = tuple(np.pad(table, ((0, missing), (0, 0))) for table in self._settled)
            for one in regime.observers:
                if one not in self.observers:
                    self.add_observer(one)
        self.regime = self.regimes.index(regime)
        if regime.walker is not self.walker:
            self._exchange(regime.walker)

    def _settle(self) -> None:
        """What was counted until now belongs to the regime that was in force."""
        self._settled_cycles = self._cycles_without_waiting()
        self._settled = self._by_regime()
        self._begun = self._counters()

    def _exchange(self, walker: Walker) -> None:
        """Time what is known of the code anew."""
        self.walker = walker
        self._known_operands = 0
        edges, issue, static = self._edges.rows, self._issue.rows, self._static.rows
        for number, (path, block) in enumerate(self._walks):
            own, refill = self._walk(path, block)
            first = int(edges[number, EDGE_ISSUE])
            issue[first : first + len(own)] = own
            edges[number, EDGE_REFILL] = refill
            static[number] = int(own.sum()) + refill

    def _following(self) -> Sequence[tuple[Observer, Table]]:
        """The observers of the regime in force, and those of none."""
        others = {one for regime in self.regimes for one in regime.observers} - {*self.regimes[self.regime].observers}
        return [pair for pair in super()._following() if pair[0] not in others]

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
        granted = int(self.state[slot + observer.EDGE_INSTRUCTIONS])
        self.next_instructions = self._held.get(slot, granted)
        self.next_unmasks = slot in self._held
        self.state[observer.REMAINING] += granted
        self.state[observer.LOG_WORDS] -= 1
        self.state[observer.LAST_EDGE] = self._slot_of_block[int(self.state[slot + observer.EDGE_PREVIOUS])]
        self.state[observer.STATUS] = observer.RUNNING

    def hold(self, holds: bool) -> None:
        """From now on stop before every block that ends with a write of a mask of interrupts, or no more."""
        if holds:
            self.next_unmasks = False
            for slot in self._unmasking:
                self._hold_before(slot)
        else:
            for slot, instructions in self._held.items():
                self.state[slot + observer.EDGE_INSTRUCTIONS] = instructions
            self._held.clear()
        self._holds = holds

    def _hold_before(self, slot: int) -> None:
        self._held[slot] = int(self.state[slot + observer.EDGE_INSTRUCTIONS])
        self.state[slot + observer.EDGE_INSTRUCTIONS] = MORE_THAN_GRANTED

    def cut(self, end: int) -> None:
        """Execution stops in the middle of a block, before the instruction at `end`: what lies behind is another block.

        All that is counted is exact there. Where a row of instructions is cut changes no cycle (timing.paths).
        """
        slot = int(self.state[observer.LAST_EDGE])
        key = int(self.state[slot + observer.EDGE_BLOCK])
        address = key & 0xFFFF_FFFF
        if key != observer.NO_BLOCK and address <= end < address + (key >> 32) and self.state[observer.LOG_WORDS]:
            if end == address:
                self.take_back()
            else:
                self._shorten(slot, (end - address) << 32 | address)
        self.finish()

    def _shorten(self, slot: int, key: int) -> None:
        """Make the visit of the executing block one of a block that ends earlier."""
        state = self.state
        shorter = int(observer.slot_of(state, int(state[slot + observer.EDGE_PREVIOUS]), key))
        if state[shorter + observer.EDGE_BLOCK] == 0:
            state[shorter + observer.EDGE_BLOCK] = key
            state[shorter + observer.EDGE_PREVIOUS] = state[slot + observer.EDGE_PREVIOUS]
            state[shorter + observer.EDGE_NEXT] = observer.NO_EDGE
            self._discover(shorter)
        state[slot + observer.EDGE_COUNT] -= 1
        state[shorter + observer.EDGE_COUNT] += 1
        lowest = slot + observer.EDGE_LOWEST_SP, shorter + observer.EDGE_LOWEST_SP
        state[lowest[1]] = min(state[lowest[0]], state[lowest[1]])
        state[observer.REMAINING] += (
            state[slot + observer.EDGE_INSTRUCTIONS] - state[shorter + observer.EDGE_INSTRUCTIONS]
        )
        state[observer.LAST_EDGE] = shorter
        at = int(state[observer.LOG_AT] + state[observer.LOG_WORDS]) - 1
        while state[at] < 0:  # accesses of the block so far
            at -= 1
        state[at] = state[shorter + observer.EDGE_INDEX]

    def refill_before(self, address: int) -> int:
        """Cycles of the taken branch that leads to an address where no block was entered yet; 0 if none does."""
        before = self.last_block()
        for key, slot in reversed(self._ways.get(before, {}).items()):
            if key & 0xFFFF_FFFF == address:
                return int(self._edges.rows[int(self.state[slot + observer.EDGE_INDEX]), EDGE_REFILL])
        return 0

    def last_block(self) -> int:
        """The block (size << 32 | address) executed last; observer.NO_BLOCK at the start of a path."""
        return int(self.state[int(self.state[observer.LAST_EDGE]) + observer.EDGE_BLOCK])

    def leave_path(self) -> None:
        """What executes next does not follow from what executed last: an exception came, or returned."""
        self.state[observer.LAST_EDGE] = observer.NO_EDGE

    def _empty_log(self) -> None:
        self.flush()  # at once: what counts cycles may be asked for them at any time

    def flush(self) -> None:
        """Have the observers follow the log up to the block that is executing, whose accesses are not complete."""
        words, begin = int(self.state[observer.LOG_WORDS]), int(self.state[observer.LOG_AT])
        log = self.state[begin : begin + words]
        visits = np.flatnonzero(log >= 0)
        last = int(visits[-1]) if len(visits) else 0
        if last:
            self._observe(log[:last]).wait()
            self.state[begin : begin + words - last] = log[last:].copy()
            self.state[observer.LOG_WORDS] = words - last

    def cycles(self) -> int:
        """As `Recorder.cycles`, by the known edges only."""
        self.flush()
        beside = {one for regime in self.regimes for one in regime.beside}
        waits = 0.0
        for one, counts in zip(self.observers, self._counts, strict=True):
            if one not in beside:
                waits += float(counts.sum(axis=0) @ np.array([event.cycles for event in one.events], float))
        return self._cycles_without_waiting() + round(waits)

    def _cycles_without_waiting(self) -> int:
        counts = self.state[self._edge_counts()]
        counts[: len(self._begun[0])] -= self._begun[0]
        static = int(self._static.rows @ counts) if len(counts) else 0
        return self._settled_cycles + static + self._operand_cycles()

    def _operand_cycles(self) -> int:
        """Cycles beyond the first that operands cost, since the regime in force came."""
        if not self.state[observer.DIVIDES]:
            return 0
        table = self.state[observer.DIVIDE_TABLE : observer.SITE_MAP].reshape(-1, observer.DIVIDE_WORDS)
        if self.state[observer.DIVIDES] != self._known_operands:
            self._known_operands = int(self.state[observer.DIVIDES])
            self._beyond = self._cycles_beyond(table)
        counts = table[:, 1].copy()
        counts[: len(self._begun[1])] -= self._begun[1]
        return int(self._beyond @ counts)

    def _cycles_beyond(self, table: Table) -> Table:
        """Cycles beyond the first of each row of operands."""
        beyond = np.zeros(len(table), np.int64)
        core, mnemonics = self.walker.core, {}
        for one in (one for seen in self._seen for one in seen.block.instructions if one.mnemonic in OPERAND_MNEMONICS):
            mnemonics[self.sites.get(one.address, -1)] = one.mnemonic
        for row in np.flatnonzero(table[:, 0]).tolist():
            site, bits = observations.operands_key(int(table[row, 0]))
            beyond[row] = PIPELINES[core.pipeline].operand_cycles(core, mnemonics[site], bits)
        return beyond

    def _edge_counts(self) -> Table:
        """Where the count of each edge is, in order of their numbers."""
        if len(self._slot_array) != len(self._slots):
            self._slot_array = np.array(self._slots, np.int64) + observer.EDGE_COUNT
        return self._slot_array

    def finish(self) -> None:
        """Have the observers follow all of the log; the run stands between two blocks."""
        super().flush()

    def snapshot(self) -> Snapshot:
        """All counts as they are now, between two blocks."""
        self.finish()
        return Snapshot(*self._by_regime(), tuple(counts.copy() for counts in self._counts))

    def _by_regime(self) -> tuple[Table, Table, Table]:
        """What each regime has counted until now, by edge, by pair of operands and by site."""
        tables = []
        for settled, now, begun in zip(self._settled, self._counters(), self._begun, strict=True):
            table = np.zeros((len(settled), len(now)), np.int64)  # edges may have come since
            table[:, : settled.shape[1]] = settled
            table[self.regime] += now
            table[self.regime, : len(begun)] -= begun
            tables.append(table)
        edges, operands, sites = tables
        return edges, operands, sites

    def _counters(self) -> tuple[Table, ...]:
        """All counts by edge, by pair of operands and by site, of all regimes; edges by their numbers."""
        operands = self.state[observer.DIVIDE_TABLE : observer.SITE_MAP].reshape(-1, observer.DIVIDE_WORDS)
        return (
            self.state[self._edge_counts()],
            operands[:, 1].copy() if self.state[observer.DIVIDES] else np.zeros(0, np.int64),
            self._site_rows()[:, observer.SITE_COUNT].copy(),
        )

    def trace_of(
        self, interval: Snapshot, entry: str, stack: tuple[int, int], stop: int, ends: Ends | None = None
    ) -> Trace:
        """The trace of what was counted in an interval; the other arguments are those of `trace`.

        `ends`: how often it ended under each regime and after each block, whose branch out of it then counts; once
        after the last without.
        """
        trace = self._trace(interval, interval, entry, stack, stop)
        return trace if ends is None else _with_ends(trace, ends)

    def traces_by_regime(
        self, interval: Snapshot, entry: str, stack: tuple[int, int], stop: int, ends: Ends | None = None
    ) -> tuple[Trace, ...]:
        """The same apart for each regime, with the blocks and edges of the whole, and the observers of the regime."""
        traces = []
        for number, regime in enumerate(self.regimes[: len(interval.edges)]):
            trace = self._trace(interval, interval.of_regime(number), entry, stack, stop)
            observed = zip(self.observers, trace.observed, strict=False)
            kept = tuple(counts for one, counts in observed if one in regime.observers)
            trace = dataclasses.replace(trace, observed=kept)
            if ends is not None:
                trace = _with_ends(trace, {key: count for key, count in ends.items() if key[0] == number})
            elif number != self.regime:
                trace = _with_ends(trace, {})
            traces.append(trace)
        return tuple(traces)

    def _trace(self, interval: Snapshot, part: Snapshot, entry: str, stack: tuple[int, int], stop: int) -> Trace:
        """A trace with the edges of an interval and the counts of a part of it."""
        slots = np.array(self._slots[: interval.edges.shape[1]], np.int64)
        table = self.state[slots[:, np.newaxis] + np.arange(observer.EDGE_WORDS)]
        table[:, observer.EDGE_COUNT] = part.edges.sum(axis=0)
        edges = table[interval.edges.any(axis=0)]
        outside = ~np.isin(edges[:, observer.EDGE_PREVIOUS], edges[:, observer.EDGE_BLOCK])
        edges[outside, observer.EDGE_PREVIOUS] = observer.NO_BLOCK  # the interval begins there
        edges = edges[np.lexsort((edges[:, observer.EDGE_BLOCK], edges[:, observer.EDGE_PREVIOUS]))]
        now = observations.counts(self.state)
        last = (
            now.last_block if now.last_block in edges[:, observer.EDGE_BLOCK] else int(edges[-1, observer.EDGE_BLOCK])
        )
        operands = self._operands(part.operands.sum(axis=0))
        counts = observations.Counts(edges, part.sites.sum(axis=0), now.lowest_sp, operands, last)
        return self.trace(Moment(counts, part.observed), entry, stack, stop)

    def _operands(self, counted: Table) -> dict[int, dict[tuple[int, int, int], int]]:
        state = self.state.copy()
        table = state[observer.DIVIDE_TABLE : observer.SITE_MAP].reshape(-1, observer.DIVIDE_WORDS)
        table[:, 1] = 0
        table[: len(counted), 1] = counted
        table[table[:, 1] == 0] = 0
        return observations.operands_of(state)

    def _discover(self, slot: int) -> None:
        super()._discover(slot)
        self._slots.append(slot)
        key, previous = int(self.state[slot + observer.EDGE_BLOCK]), int(self.state[slot + observer.EDGE_PREVIOUS])
        self._ways.setdefault(previous, {})[key] = slot
        # Any edge that leads to a block stands for it as the one executed last.
        self._slot_of_block.setdefault(key, slot)
        if _unmasks(self.code.block(key, None).block):
            self._unmasking.append(slot)
            if self._holds:
                self._hold_before(slot)

    def _site_rows(self) -> Table:
        first, end = int(self.state[observer.SITES_AT]), int(self.state[observer.LOG_AT])
        rows: Table = self.state[first:end].reshape(-1, observer.SITE_WORDS)
        return rows


def _unmasks(block: Block) -> bool:
    """Whether a block ends with a write of a mask of interrupts; the emulator ends blocks behind each."""
    last = block.instructions[-1]
    return last.mnemonic == "cpsie" or (last.mnemonic == "msr" and any(name in last.text for name in MASKS))


def _with_ends(trace: Trace, ends: Ends) -> Trace:
    """A trace that ended several times, each after one of its blocks (by key)."""
    number = {block.size << 32 | block.address: index for index, block in enumerate(trace.blocks[:-1])}
    last = len(trace.blocks) - 1
    # A block that was cut does not lead out of the interval by a branch: it goes on behind it.
    found = ((number[key], count) for (_, key), count in ends.items() if key in number)
    branches = [
        Edge(index, last, count) for index, count in found if trace.blocks[index].instructions[-1].branch is not None
    ]
    return dataclasses.replace(trace, edges=(*trace.edges[:-1], *branches))
