"""Core and Trace → Timing for a three-stage single-issue pipeline (Cortex-M3, Cortex-M4), zero wait states.

A block is walked once for each way into it: its cycles depend on the instructions just before it. Every
instruction issues for one cycle; what it takes beyond that, alone or because of its neighbours, goes to another
cause. The numbers are the core's: `timings` for an instruction alone, `rules` for neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from mcusim.errors import EmulationError, UnsupportedError
from mcusim.extensions import lacking_extension
from mcusim.hardware import Core
from mcusim.trace import CAUSES, Block, Edge, Instruction, Timing, Trace

ALWAYS = "al"
ISSUE, LOAD_STORE, BRANCH, MULTIPLY_DIVIDE, HAZARD, FETCH = (
    CAUSES.index(cause) for cause in ("issue", "load_store", "branch", "multiply_divide", "hazard", "fetch")
)
STRADDLING_RUN = 3  # 32-bit instructions across a word boundary after which the fetch falls behind
DIVIDES = frozenset({"udiv", "sdiv"})
NOT_PLAIN = DIVIDES | {"it", "nop"}  # cycles that neighbours or operands change


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of this pipeline, by the names that they have in a core's file; all in cycles."""

    it_folded: int
    load_chained: int
    store_register_offset: int
    load_after_store: int
    load_multiple_after_store: int
    address_interlock: int
    load_writeback_same_base: int
    store_writeback_same_base: int
    load_absorbs_nop: int
    straddling_run: int
    misaligned_target: int
    branch_refill: int
    conditional_branch_refill: int
    indirect_branch_refill: int
    table_branch_refill: int
    divide_by_zero: int
    divide_smaller: int
    divide_base: int
    divide_bits_per_cycle: int
    divide_most: int
    float_move_pair: int
    float_result_use: int
    float_addend_use: int
    float_divide_issue: int
    condition_failed: int


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """What the pipeline has to know about the instruction at one address; `cycles` are those without neighbours.

    `predicated`: executed it takes other cycles than skipped.
    """

    instruction: Instruction
    cycles: int
    cause: int
    is_load: bool  # one core register: the loads that pipeline with each other
    is_store: bool  # one core register
    is_multiple_load: bool
    hides_nop: bool
    is_float: bool
    gives_address_late: bool  # result of integer data processing
    gives_float_late: bool  # result of floating-point arithmetic or conversion
    is_float_divide: bool
    predicated: bool
    is_plain: bool  # one cycle whatever is before it, unless the fetch falls behind


@dataclass(frozen=True, slots=True)
class _State:
    """What the instructions before leave behind.

    `straddling` counts 32-bit instructions across a word boundary since a multi-cycle instruction, None if there
    is none in a row; `pending` is what a floating-point divide still has to run, for the register it writes.
    """

    previous: _Facts | None = None
    straddling: int | None = None
    pending: int = 0
    pending_writes: frozenset[str] = frozenset()


START = _State()


@dataclass(slots=True)
class _Walk:
    """Cycles of one pass through a block by cause, and what depends on outcomes at which address.

    `cycles` hold one cycle for each predicated instruction and each divide; `if_executed` is what each pass adds
    in which the condition of the instruction at that address was met.
    """

    cycles: list[int] = field(default_factory=lambda: [0] * len(CAUSES))
    if_executed: dict[int, list[int]] = field(default_factory=dict)
    divides: list[_Facts] = field(default_factory=list)
    end: _State = START


def time(core: Core, trace: Trace) -> Timing:
    """Cycles of the trace on the core, by block and cause; a board's rules are merged into the core's before.

    Raises UnsupportedError for an instruction that the core has no timing for, naming it, its address and function,
    and for a core without one of the rules; EmulationError for a trace without the outcomes that the time needs.
    """
    return Timing(_Timer(core, trace).by_block())


class _Timer:
    """One trace being timed: walks that several edges share, and totals that grow edge by edge."""

    def __init__(self, core: Core, trace: Trace) -> None:
        self.core = core
        self.rules = _rules(core)
        self.trace = trace
        self.facts: dict[int, _Facts] = {}
        self.walks: dict[tuple[int, _State], _Walk] = {}
        self.rows = [[0] * len(CAUSES) for _ in trace.blocks]
        self.into: dict[int, list[Edge]] = {}
        for edge in trace.edges:
            self.into.setdefault(edge.block, []).append(edge)
        # By address: (block, how often, cycles by cause if executed) of each edge that leads there.
        self.outcomes: dict[int, list[tuple[int, int, list[int]]]] = {}
        self.divides: dict[int, list[tuple[int, int]]] = {}

    def by_block(self) -> tuple[tuple[int, ...], ...]:
        """Cycles of each block of the trace, one column a cause."""
        for edge in self.trace.edges:
            if edge.count and self.trace.blocks[edge.block].instructions:
                self._enter(edge.previous, edge.block, edge.count)
            if edge.count and edge.previous >= 0:
                self._leave(edge.previous, edge.block, edge.count)
        for address, uses in self.outcomes.items():
            self._add_outcomes(address, uses)
        for address, visits in self.divides.items():
            self._add_divides(address, visits)
        return tuple(tuple(row) for row in self.rows)

    def _enter(self, previous: int, index: int, count: int) -> None:
        """Count the block as entered from `previous`, up to but without the branch at its end."""
        for state, times in self._entries(previous, index, count).items():
            walk = self._walk(index, state)
            _add(self.rows[index], walk.cycles, times)
            for address, extra in walk.if_executed.items():
                self.outcomes.setdefault(address, []).append((index, times, extra))
            for divide in walk.divides:
                self.divides.setdefault(divide.instruction.address, []).append((index, times))

    def _entries(self, previous: int, index: int, count: int) -> dict[_State, int]:
        """How often the block is entered from `previous` in which state.

        A block that ends without a branch was only cut there (the emulator ends blocks at every page), so that what
        came before it matters too: where the cut lies may change no cycle.
        """
        blocks, into = self.trace.blocks, self.into.get(previous, [])
        if previous < 0 or not blocks[previous].instructions:
            return {START: count}
        is_cut = blocks[previous].instructions[-1].branch is None and blocks[previous].end == blocks[index].address
        if not is_cut or sum(edge.count for edge in into) != count:
            return {self._state_after(previous, index, START): count}
        entries: Counter[_State] = Counter()
        for edge in into:
            for state, times in self._entries(edge.previous, previous, edge.count).items():
                entries[self._state_after(previous, index, state)] += times
        return entries

    def _leave(self, index: int, target: int, count: int) -> None:
        """Count the branch from the end of a block to `target`: refill, and a target that takes two fetches."""
        block, follower = self.trace.blocks[index], self.trace.blocks[target]
        branch = block.instructions[-1] if block.instructions else None
        if branch is None or branch.branch is None or not _is_taken(block, branch, follower):
            return
        self.rows[index][BRANCH] += count * self._refill(branch)
        if follower.instructions and follower.instructions[0].straddles:
            self.rows[target][FETCH] += count * self.rules.misaligned_target

    def _refill(self, branch: Instruction) -> int:
        if branch.branch in ("b", "bl"):
            return self.rules.branch_refill
        if branch.branch in ("conditional", "cbz"):
            return self.rules.conditional_branch_refill
        if branch.branch == "table":
            return self.rules.table_branch_refill
        return self.rules.indirect_branch_refill

    def _state_after(self, previous: int, index: int, entry: _State) -> _State:
        """What the block before, entered in a state, leaves: all of it in a row, a running divide after a branch."""
        before = self.trace.blocks[previous]
        end = self._walk(previous, entry).end
        last = before.instructions[-1]
        if before.end != self.trace.blocks[index].address or _is_taken(before, last, self.trace.blocks[index]):
            pending = max(0, end.pending - (self._refill(last) if last.branch else 0))
            return _State(pending=pending, pending_writes=end.pending_writes if pending else frozenset())
        first = self._known(self.trace.blocks[index].instructions[0], self.trace.blocks[index].function)
        forgets = first.is_plain or (end.previous is not None and end.previous.predicated)
        straddling = end.straddling if first.instruction.straddles else None
        return replace(end, previous=None if forgets else end.previous, straddling=straddling)

    def _walk(self, index: int, state: _State) -> _Walk:
        known = self.walks.get((index, state))
        if known is None:
            known = self.walks[index, state] = self._walk_block(self.trace.blocks[index], state)
        return known

    def _walk_block(self, block: Block, state: _State) -> _Walk:
        walk = _Walk()
        for instruction in block.instructions:
            state = self._step(walk, self._known(instruction, block.function), state)
        walk.end = state
        return walk

    def _known(self, instruction: Instruction, function: str) -> _Facts:
        facts = self.facts.get(instruction.address)
        if facts is None:
            facts = self.facts[instruction.address] = _facts(instruction, function, self.core, self.rules)
        return facts

    def _step(self, walk: _Walk, facts: _Facts, state: _State) -> _State:
        """Count one instruction; the state that it leaves."""
        instruction, previous, rules = facts.instruction, state.previous, self.rules
        undisturbed = not state.pending and (previous is None or not previous.predicated)
        if facts.is_plain and undisturbed and not (instruction.straddles and state.straddling is not None):
            walk.cycles[ISSUE] += 1
            return _State(facts)
        if instruction.mnemonic == "it" and previous is not None and previous.instruction.size == 2:
            walk.cycles[ISSUE] += rules.it_folded
            return state
        skipped = None  # the predicated instruction before, which this one may follow executed or not
        if previous is not None and previous.predicated and instruction.condition != previous.instruction.condition:
            skipped = previous if instruction.condition == ALWAYS else None
            state = replace(state, previous=None)
        extra = self._extra(facts, state)
        if facts.predicated:
            walk.cycles[ISSUE] += rules.condition_failed
            walk.if_executed[instruction.address] = [extra[ISSUE] - rules.condition_failed, *extra[ISSUE + 1 :]]
        else:
            _add(walk.cycles, extra)
            if skipped is not None:
                if_executed = walk.if_executed[skipped.instruction.address]
                _add(if_executed, self._extra(facts, replace(state, previous=skipped)))
                _add(if_executed, extra, -1)
        if instruction.mnemonic in DIVIDES:
            walk.divides.append(facts)
        return self._next_state(facts, state, extra)

    def _extra(self, facts: _Facts, state: _State) -> list[int]:
        """Cycles by cause of an executed instruction after others: issue, its own rest, and what neighbours add."""
        cycles = [0] * len(CAUSES)
        instruction, previous, rules = facts.instruction, state.previous, self.rules
        own = facts.cycles
        if previous is not None:
            before = previous.instruction
            if facts.is_load and previous.is_load and not before.writes & instruction.address_reads:
                own = rules.load_chained
            elif instruction.mnemonic == "nop" and previous.hides_nop:
                own -= rules.load_absorbs_nop
            cycles[HAZARD] = self._neighbour_hazards(facts, previous)
        if facts.is_float and state.pending:
            cycles[MULTIPLY_DIVIDE] += state.pending
            cycles[HAZARD] += rules.float_result_use if state.pending_writes & instruction.reads else 0
        if state.straddling == STRADDLING_RUN - 1 and facts.instruction.straddles:
            cycles[FETCH] += rules.straddling_run
        cycles[ISSUE] += min(own, 1)
        cycles[facts.cause] += max(own - 1, 0)
        return cycles

    def _neighbour_hazards(self, facts: _Facts, previous: _Facts) -> int:
        """Cycles that an instruction waits for the one right before it."""
        instruction, before, rules = facts.instruction, previous.instruction, self.rules
        cycles = 0
        if previous.is_store:
            if facts.is_load:
                cycles += rules.load_after_store
            elif facts.is_multiple_load:
                cycles += rules.load_multiple_after_store
        if previous.gives_address_late and before.writes & instruction.address_reads:
            cycles += rules.address_interlock
        if before.base_writeback is not None and before.base_writeback == instruction.base_writeback:
            if facts.is_load and previous.is_load:
                cycles += rules.load_writeback_same_base
            elif facts.is_store and previous.is_store:
                cycles += rules.store_writeback_same_base
        if previous.gives_float_late:
            if before.writes & (instruction.reads - instruction.accumulators):
                cycles += rules.float_result_use
            elif before.writes & instruction.accumulators:
                cycles += rules.float_addend_use
        return cycles

    def _next_state(self, facts: _Facts, state: _State, spent: Sequence[int]) -> _State:
        """The state after an instruction that took `spent`."""
        cycles = sum(spent)
        straddling = None
        if facts.instruction.straddles and state.straddling is not None and state.straddling + 1 < STRADDLING_RUN:
            straddling = state.straddling + 1
        elif cycles - spent[FETCH] > 1 or facts.instruction.mnemonic in DIVIDES:
            straddling = 0
        if facts.is_float_divide:
            length = self.core.timings[facts.instruction.mnemonic].cycles
            return _State(facts, straddling, length - self.rules.float_divide_issue, facts.instruction.writes)
        pending = 0 if facts.is_float else max(0, state.pending - cycles)
        return _State(facts, straddling, pending, state.pending_writes if pending else frozenset())

    def _add_outcomes(self, address: int, uses: list[tuple[int, int, list[int]]]) -> None:
        """Share the executions of a predicated instruction among the visits, exactly."""
        visits = [count for _, count, _ in uses]
        executed = self.trace.executed.get(address)
        if executed is None:
            raise EmulationError(f"the trace does not say how often the predicated {self._name(address)} executed")
        shares = _shares(executed, visits)
        for (index, _, extra), share in zip(uses, shares, strict=True):
            _add(self.rows[index], extra, share)

    def _add_divides(self, address: int, visits: list[tuple[int, int]]) -> None:
        """Share the cycles of a divide beyond the first among the visits, exactly."""
        operands = self.trace.divides.get(address)
        if operands is None:
            if self.facts[address].instruction.condition != ALWAYS:
                return
            raise EmulationError(f"the trace does not hold the operands of the {self._name(address)}")
        beyond = sum(count * (_divide_cycles(bits, self.rules) - 1) for bits, count in operands.items())
        for (index, _), share in zip(visits, _shares(beyond, [count for _, count in visits]), strict=True):
            self.rows[index][MULTIPLY_DIVIDE] += share

    def _name(self, address: int) -> str:
        return f"{self.facts[address].instruction.text!r} at {address:#010x}"


def _facts(instruction: Instruction, function: str, core: Core, rules: _Rules) -> _Facts:
    """Facts of an instruction on the core; refuses one that the core cannot execute or has no timing for."""
    mnemonic, access = instruction.mnemonic, instruction.access
    timing = core.timings.get(mnemonic)
    lacks = lacking_extension(core, mnemonic)
    if timing is None or lacks:
        why = f"{core.name} lacks {lacks}" if lacks else f"the timing table of {core.name} does not have it"
        place = f"{instruction.text!r} at {instruction.address:#010x} in {function}"
        raise UnsupportedError(f"{place} cannot be timed: {why}")
    cycles = 1 if mnemonic in DIVIDES else timing.cycles
    is_float = mnemonic.startswith("v")
    is_single = access is not None and not (access.multiple or is_float or instruction.branch or "ex" in mnemonic)
    if access is not None and (access.multiple or is_float):
        cycles += access.words
    is_store = is_single and access is not None and access.kind == "store"
    to_register_offset = is_store and access is not None and access.offset == "register"
    if to_register_offset:
        cycles = rules.store_register_offset
    if mnemonic == "vmov" and len(instruction.reads) + len(instruction.writes) == 4:
        cycles = rules.float_move_pair
    is_float_divide = mnemonic.startswith(("vdiv", "vsqrt"))
    if is_float_divide:
        cycles = rules.float_divide_issue
    computes = access is None and instruction.branch is None
    return _Facts(
        instruction=instruction,
        cycles=cycles,
        cause=CAUSES.index(timing.cause),
        is_load=is_single and not is_store,
        is_store=is_store,
        is_multiple_load=access is not None and access.kind == "load" and access.multiple,
        hides_nop=to_register_offset or (is_single and not is_store),
        is_float=is_float,
        gives_address_late=computes and not is_float,
        gives_float_late=computes and is_float and not mnemonic.startswith(("vmov", "vdiv", "vsqrt")),
        is_float_divide=is_float_divide,
        is_plain=access is None and cycles == 1 and not is_float and mnemonic not in NOT_PLAIN,
        predicated=instruction.condition != ALWAYS and (access is not None or cycles > 1),
    )


def _rules(core: Core) -> _Rules:
    names = [rule.name for rule in fields(_Rules)]
    missing = [name for name in names if name not in core.rules]
    if missing:
        raise UnsupportedError(f"pipeline in_order needs rules that {core.name} does not give: {', '.join(missing)}")
    return _Rules(**{name: core.rules[name].value for name in names})


def _is_taken(block: Block, branch: Instruction, follower: Block) -> bool:
    """Whether the end of a block was a taken branch; an unconditional one is taken even to the next address."""
    unconditional = branch.condition == ALWAYS and branch.branch not in (None, "cbz", "conditional")
    return unconditional or block.end != follower.address


def _divide_cycles(bits: tuple[int, int, int], rules: _Rules) -> int:
    """Cycles of a divide by the bits of dividend, divisor and quotient (compendium.i-0.nl, Cortex-M4)."""
    dividend, divisor, _ = bits
    if dividend == 0 or divisor == 0:
        return rules.divide_by_zero
    if dividend < divisor:
        return rules.divide_smaller
    return min(rules.divide_most, rules.divide_base + (dividend - divisor) // rules.divide_bits_per_cycle)


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights that sum to exactly the total."""
    whole, seen, given, shares = sum(weights), 0, 0, []
    for weight in weights:
        seen += weight
        upto = total * seen // whole
        shares.append(upto - given)
        given = upto
    return shares


def _add(total: list[int], cycles: Sequence[int], times: int = 1) -> None:
    for column, value in enumerate(cycles):
        if value:
            total[column] += times * value
