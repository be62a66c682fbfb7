"""Core and Trace → Timing: every edge of the trace walked through the core's pipeline, and what observers counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import EmulationError
from mcusim.hardware import Core
from mcusim.pipelines import PIPELINES
from mcusim.recording import Observed
from mcusim.trace import ALWAYS, CAUSES, Block, Instruction, Timing, Trace

Cycles = NDArray[np.int64]  # one row an instruction, columns as CAUSES and REFILL

REFILL = len(CAUSES)  # column of what the taken branch before an instruction cost
BRANCH, MULTIPLY_DIVIDE = CAUSES.index("branch"), CAUSES.index("multiply_divide")
# Instructions of the predecessors that a block is walked behind: longer than any result takes to arrive.
TAIL_INSTRUCTIONS = 14
LARGE_OPERANDS = (32, 1, 32)  # bits of a division of a large number by one


@dataclass(frozen=True, slots=True)
class Step:
    """A block of a path, and whether it is left by a taken branch."""

    block: Block
    leaves: bool


@dataclass(slots=True)
class Walker:
    """A core's pipeline with what it knows about the code so far.

    Raises UnsupportedError where a rule, an instruction or its timing is missing.
    """

    core: Core
    facts: dict[int, tuple[int, ...]] = field(default_factory=dict)
    rows: dict[tuple[int, int], NDArray[np.int64]] = field(default_factory=dict)
    alike: dict[tuple[str, int, str], tuple[int, ...]] = field(default_factory=dict)
    walked: dict[tuple[object, ...], Cycles] = field(default_factory=dict)
    rules: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Look the rules up once."""
        self.rules = PIPELINES[self.core.pipeline].rules(self.core)

    def walk(self, path: Sequence[Step], block: Block, passes: NDArray[np.int64] | None = None) -> Cycles:
        """Cycles of each instruction of a block behind a path (oldest first), zero wait states; not to be changed.

        `passes`: for each instruction of the block whether its condition passes; all do without it. Layers that
        share kernels share most of their paths.
        """
        steps = [(step.block.address, step.block.size, step.leaves) for step in path]
        key = (*steps, block.address, block.size, None if passes is None else passes.tobytes())
        known = self.walked.get(key)
        if known is None:
            known = self.walked[key] = self._walk(path, block, passes)
        return known

    def _walk(self, path: Sequence[Step], block: Block, passes: NDArray[np.int64] | None) -> Cycles:
        pieces = [self.rows_of(step.block) for step in path]
        rows = np.concatenate([*pieces, self.rows_of(block)]) if pieces else self.rows_of(block)
        own = len(block.instructions)
        leaves = np.zeros(len(rows), np.int64)
        behind = -1
        for step in path:
            behind += len(step.block.instructions)
            leaves[behind] = step.leaves
        passed = np.ones(len(rows), np.int64)
        if passes is not None:
            passed[len(rows) - own :] = passes
        first = max(0, len(rows) - own - TAIL_INSTRUCTIONS)
        cycles = np.zeros((len(rows) - first, REFILL + 1), np.int64)
        PIPELINES[self.core.pipeline].walk(rows[first:], leaves[first:], passed[first:], self.rules, cycles)
        walked: Cycles = cycles[len(cycles) - own :]
        return walked

    def refill(self, path: Sequence[Step]) -> int:
        """What the branch at the end of a path costs where no instruction follows that is known."""
        last = path[-1].block
        first = Block(last.address, last.instructions[0].size, last.function, last.instructions[:1])
        return int(self.walk(path, first)[0, REFILL])

    def rows_of(self, block: Block) -> NDArray[np.int64]:
        """The facts of a block's instructions, a row each."""
        key = (block.address, block.size)
        rows = self.rows.get(key)
        if rows is None:
            table = [self._facts(instruction, block.function) for instruction in block.instructions]
            rows = self.rows[key] = np.array(table, np.int64).reshape(len(table), PIPELINES[self.core.pipeline].COLUMNS)
        return rows

    def _facts(self, instruction: Instruction, function: str) -> tuple[int, ...]:
        """Facts of an instruction; the same one elsewhere differs in its address only, unless it depends on PC."""
        facts = self.facts.get(instruction.address)
        if facts is None:
            alike = instruction.branch is None and "pc" not in instruction.text
            key = (instruction.text, instruction.size, instruction.condition)
            known = self.alike.get(key) if alike else None
            if known is None:
                facts = PIPELINES[self.core.pipeline].facts(self.core, instruction, function)
                self.alike[key] = facts
            else:
                column = PIPELINES[self.core.pipeline].ADDRESS_COLUMN
                facts = known if column is None else (*known[:column], instruction.address, *known[column + 1 :])
            self.facts[instruction.address] = facts
        return facts


def time(core: Core, trace: Trace) -> Timing:
    """Cycles of the trace on the core, by block and cause; a board's rules are merged into the core's before.

    Raises as `timed`.
    """
    return timed(Walker(core), trace)


def timed(walker: Walker, trace: Trace) -> Timing:
    """Cycles of the trace on a walker's core, by block and cause; traces of the same code share what it knows.

    Where nothing was observed that the core's pipeline depends on (branch history, data addresses), its estimate
    stands in. Raises UnsupportedError for an instruction that the core has no timing for, naming it, its address
    and function, and for a core without one of the rules; EmulationError for a trace without the outcomes that
    the time needs.
    """
    return _Timer(walker, trace).timing()


def waiting(trace: Trace, observer: str, causes: Sequence[str] = CAUSES) -> int:
    """Cycles of some causes that one observer of a trace, by its name, adds to it."""
    return sum(
        round(count * event.cycles)
        for observed in trace.observed
        if observed.name == observer
        for counts in observed.counts
        for event, count in zip(observed.events, counts, strict=True)
        if event.cause in causes
    )


def is_taken(block: Block, follower: Block) -> bool:
    """Whether a block ends with a taken branch; an unconditional one is taken even to the next address."""
    branch = block.instructions[-1] if block.instructions else None
    if branch is None or branch.branch is None:
        return block.end != follower.address
    unconditional = branch.condition == ALWAYS and branch.branch not in ("cbz", "conditional")
    return unconditional or block.end != follower.address


Ways = Mapping[int, Sequence[tuple[int, int]]]  # by block: (block before, how often) of each way into it


def paths(trace: Trace, into: Ways, previous: int, index: int, count: int) -> Iterator[tuple[tuple[Step, ...], int]]:
    """The ways into a block from `previous`, with how often each was taken.

    A block that ends without a branch was only cut there (the emulator ends blocks at every page), so that each way
    into it counts by itself: where the cut lies may change no cycle. Otherwise the way is the predecessor, with
    the most frequent ones before it as long as the row is short.
    """
    blocks = trace.blocks
    if previous < 0 or not blocks[previous].instructions:
        yield (), count
        return
    step = Step(blocks[previous], is_taken(blocks[previous], blocks[index]))
    ways = into.get(previous, ())
    is_cut = blocks[previous].instructions[-1].branch is None and blocks[previous].end == blocks[index].address
    if is_cut and sum(times for _, times in ways) == count:
        for before, times in ways:
            for path, often in paths(trace, into, before, previous, times):
                yield (*path, step), often
        return
    yield (*_most_frequent(trace, into, previous), step), count


def _most_frequent(trace: Trace, into: Ways, index: int) -> tuple[Step, ...]:
    """What most often came before a block that is too short to tell the pipeline's state, oldest first."""
    found: list[Step] = []
    length = len(trace.blocks[index].instructions)
    seen = {index}
    while length < TAIL_INSTRUCTIONS:
        ways = into.get(index, ())
        before = max(ways, key=lambda way: (way[1], -way[0]), default=(-1, 0))[0]
        if before < 0 or before in seen or not trace.blocks[before].instructions:
            break
        found.append(Step(trace.blocks[before], is_taken(trace.blocks[before], trace.blocks[index])))
        length += len(trace.blocks[before].instructions)
        seen.add(before)
        index = before
    return tuple(reversed(found))


class _Timer:
    """One trace being timed: totals that grow edge by edge."""

    def __init__(self, walker: Walker, trace: Trace) -> None:
        self.walker = walker
        self.trace = trace
        self.rows = [np.zeros((len(block.instructions), len(CAUSES)), np.int64) for block in trace.blocks]
        self.into: dict[int, list[tuple[int, int]]] = {}
        for edge in trace.edges:
            if edge.count:
                self.into.setdefault(edge.block, []).append((edge.previous, edge.count))
        # By address: (block, how often, the instruction's row in it, what is added from there on if executed) of each
        # edge that leads there.
        self.outcomes: dict[int, list[tuple[int, int, int, Cycles]]] = {}
        self.operands: dict[int, Counter[int]] = {}

    def timing(self) -> Timing:
        """Cycles of each instruction of each block of the trace, one column a cause."""
        for edge in self.trace.edges:
            if edge.count:
                for path, times in paths(self.trace, self.into, edge.previous, edge.block, edge.count):
                    self._enter(path, edge.previous, edge.block, times)
        for address, uses in self.outcomes.items():
            self._add_outcomes(address, uses)
        for address, visits in self.operands.items():
            self._add_operands(address, visits)
        for observed in self._observed():
            self._add_observed(observed)
        return Timing(tuple(tuple(rows.sum(axis=0).tolist()) for rows in self.rows), tuple(self.rows))

    def _enter(self, path: tuple[Step, ...], previous: int, index: int, times: int) -> None:
        """Count a block behind a path, and the branch that led to it for the block before."""
        block = self.trace.blocks[index]
        if not block.instructions:
            if path and path[-1].leaves:
                self.rows[previous][-1, BRANCH] += times * self.walker.refill(path)
            return
        cycles = self.walker.walk(path, block)
        if previous >= 0:
            self.rows[previous][-1, BRANCH] += times * int(cycles[0, REFILL])
        executed = self.trace.executed
        predicated = [one.address in executed for one in block.instructions] if executed else []
        if any(predicated):
            skipped = self.walker.walk(path, block, 1 - np.array(predicated, np.int64))
            self._note_outcomes(index, times, predicated, cycles - skipped)
            cycles = skipped
        self.rows[index] += times * cycles[:, :REFILL]
        for instruction in block.instructions if PIPELINES[self.walker.core.pipeline].OPERAND_DEPENDENT else ():
            if self._depends_on_operands(instruction.mnemonic):
                self.operands.setdefault(instruction.address, Counter())[index] += times

    def _depends_on_operands(self, mnemonic: str) -> bool:
        """Whether the core takes other cycles for large operands; a family's member may not."""
        core, pipeline = self.walker.core, PIPELINES[self.walker.core.pipeline]
        return mnemonic in pipeline.OPERAND_DEPENDENT and pipeline.operand_cycles(core, mnemonic, LARGE_OPERANDS) > 0

    def _note_outcomes(self, index: int, times: int, predicated: Sequence[bool], extra: Cycles) -> None:
        """Keep what executing each predicated instruction adds, to itself and to those behind it."""
        instructions = self.trace.blocks[index].instructions
        starts = [number for number, counts in enumerate(predicated) if counts]
        for first, behind in zip(starts, [*starts[1:], len(instructions)], strict=True):
            uses = self.outcomes.setdefault(instructions[first].address, [])
            uses.append((index, times, first, extra[first:behind, :REFILL]))

    def _add_outcomes(self, address: int, uses: list[tuple[int, int, int, Cycles]]) -> None:
        """Share the executions of a predicated instruction among the visits, exactly."""
        shares = _shares(self.trace.executed[address], [count for _, count, _, _ in uses])
        for (index, _, first, extra), share in zip(uses, shares, strict=True):
            self.rows[index][first : first + len(extra)] += share * extra

    def _add_operands(self, address: int, visits: Mapping[int, int]) -> None:
        """Share the cycles beyond the first of an instruction whose time depends on operands, exactly."""
        operands = self.trace.divides.get(address)
        if operands is None:
            raise EmulationError(f"the trace does not hold the operands of the instruction at {address:#010x}")
        core = self.walker.core
        places = {
            index: next(n for n, one in enumerate(self.trace.blocks[index].instructions) if one.address == address)
            for index in visits
        }
        index, place = next(iter(places.items()))
        mnemonic = self.trace.blocks[index].instructions[place].mnemonic
        cycles_of = PIPELINES[core.pipeline].operand_cycles
        beyond = sum(count * cycles_of(core, mnemonic, bits) for bits, count in operands.items())
        for (index, place), share in zip(places.items(), _shares(beyond, list(visits.values())), strict=True):
            self.rows[index][place, MULTIPLY_DIVIDE] += share

    def _observed(self) -> tuple[Observed, ...]:
        """What was observed, and what the pipeline makes of it or puts in its place."""
        core = self.walker.core
        return (*self.trace.observed, *PIPELINES[core.pipeline].unobserved(core, self.trace, self.walker.rows_of))

    def _add_observed(self, observed: Observed) -> None:
        """Waits are known by block: they count at its first instruction."""
        costs = [(CAUSES.index(event.cause), event.cycles) for event in observed.events]
        for rows, counts in zip(self.rows, observed.counts, strict=True):
            for (column, cycles), count in zip(costs, counts, strict=True):
                if count:
                    rows[0, column] += round(count * cycles)


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights that sum to exactly the total."""
    whole, seen, given, shares = sum(weights), 0, 0, []
    for weight in weights:
        seen += weight
        upto = total * seen // whole
        shares.append(upto - given)
        given = upto
    return shares
