"""Facts about instructions → cycles by cause on a dual-issue in-order pipeline with branch prediction (Cortex-M7).

Two slots a cycle: an instruction joins the one before it as the younger of a pair, or takes the older slot of a later
cycle. A register is ready at five different times, one for each stage that may read it. A branch counts here as
predicted right; what prediction and the banks of data memory cost is counted from what really happened.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import operand_stages
from mcusim.branch_prediction import BANK_CONFLICT, PREDICTOR_RULES, predicted
from mcusim.errors import UnsupportedError
from mcusim.extensions import known_timing
from mcusim.fixedpoint import inner, observing
from mcusim.hardware import Board, Core
from mcusim.operand_stages import (
    ALONE,
    EARLY,
    EITHER,
    FLAGS_REGISTER,
    LATE,
    LOAD,
    MULTIPLIER,
    NO_BASE,
    NOT_YOUNGER,
    OLDER,
    REGISTER_COUNT,
    RESULTS,
    STAGES,
    STORE,
)
from mcusim.recording import Event, Observed, Observer
from mcusim.trace import CAUSES, Instruction, Rows, Trace

# Columns of a row. READS and LATENCY have one for each stage; latencies count from the last cycle of the instruction.
# SIDE_WRITES: the base written back, the flags, or the multiplier kept busy, ready after SIDE_LATENCY from the first.
# IS, CLASHES and ISSUES: what it pairs with. BASE and OFFSET: where it loads or stores, if that can be compared.
ADDRESS, BYTES, READS, YOUNGER_READS, WRITES, LATENCY, SIDE_WRITES, SIDE_LATENCY = 0, 1, 2, 7, 8, 9, 14, 15
EARLY_SLOTS, ISSUE_CYCLES, CAUSE, IS, CLASHES, ISSUES, BASE, OFFSET, REFILL_CYCLES = range(16, 25)
COLUMNS = 25
ADDRESS_COLUMN: int | None = 0  # the only one that differs between places of an instruction that names no PC

OPERAND_DEPENDENT: frozenset[str] = frozenset()

ISSUE, HAZARD, FETCH = (CAUSES.index(cause) for cause in ("issue", "hazard", "fetch"))
REFILL = len(CAUSES)
_STORES_KEPT = 4  # more cannot be younger than store_to_load cycles, at one store a cycle

_LATENCIES = {result: tuple(f"{result}_to_{stage}" for stage in STAGES) for result in RESULTS}
_FETCH_BYTES, _FETCH_RESTART, _STORE_TO_LOAD, _EARLY_LATENCY = range(4)  # of the vector of rules
_WALK_RULES = ("fetch_bytes", "fetch_restart", "store_to_load", *_LATENCIES["alu_early"])
_LOADS_CLASH = len(_WALK_RULES)  # behind them: 1 where no two loads of unknown addresses issue together
_FACT_RULES = ("base_writeback", "flags", "float_multiplier_busy", "registers_per_cycle", "indirect_branch_refill")


def facts(core: Core, instruction: Instruction, function: str) -> tuple[int, ...]:
    """The row of an instruction in the table that `walk` reads.

    Raises UnsupportedError, naming the instruction, its address and function, for one that the core lacks or has no
    timing for.
    """
    timing = known_timing(core, instruction, function)
    cycles = timing.cycles
    if instruction.access is not None and instruction.access.multiple:
        cycles = -(-instruction.access.words // _value(core, "registers_per_cycle"))
    classes = operand_stages.classes(instruction)
    return (
        instruction.address,
        instruction.size,
        *operand_stages.reads(instruction),
        operand_stages.younger_reads(classes),
        operand_stages.mask(instruction.writes),
        *[_value(core, name) for name in _LATENCIES[operand_stages.result(instruction)]],
        *_side_result(core, instruction),
        operand_stages.early_slots(instruction),
        cycles,
        CAUSES.index(timing.cause),
        classes,
        operand_stages.clashes(instruction, classes),
        operand_stages.issues(instruction),
        *operand_stages.place(instruction),
        _value(core, "indirect_branch_refill") if operand_stages.is_indirect(instruction) else 0,
    )


def _side_result(core: Core, instruction: Instruction) -> tuple[int, int]:
    """What is written beside the result, as bits, and after how many cycles it can be read at any stage."""
    if instruction.base_writeback is not None:
        return operand_stages.mask(frozenset({instruction.base_writeback})), _value(core, "base_writeback")
    if instruction.sets_flags:
        is_late = operand_stages.is_multiply(instruction.mnemonic)
        return 1 << FLAGS_REGISTER, _value(core, "multiply_to_late" if is_late else "flags")
    if operand_stages.is_accumulation(instruction):
        return 1 << MULTIPLIER, 1 + _value(core, "float_multiplier_busy")
    return 0, 0


def rules(core: Core) -> NDArray[np.int64]:
    """What `walk` has to know beyond the rows; UnsupportedError names the rules that a core does not give."""
    latencies = (name for names in _LATENCIES.values() for name in names)
    needed = dict.fromkeys((*_WALK_RULES, *_FACT_RULES, *latencies, *PREDICTOR_RULES))
    missing = [name for name in needed if name not in core.rules]
    if missing:
        raise UnsupportedError(f"pipeline dual_issue needs rules that {core.name} does not give: {', '.join(missing)}")
    return np.array([*(_value(core, name) for name in _WALK_RULES), 0], np.int64)


def operand_cycles(core: Core, mnemonic: str, bits: tuple[int, int, int]) -> int:
    """Cycles that operands of these bits add: none, for UDIV and SDIV are taken to last the same for all."""
    return 0


def walk(rows: Any, leaves: Any, passes: Any, rules: Any, cycles: Any) -> None:
    """Cycles by cause of instructions in the order executed, every branch predicted right, zero wait states.

    `rows` int64[n, COLUMNS]; `leaves[i]`: i is a taken branch to row i + 1; `passes` changes nothing here, for an
    instruction takes the same slots whether its condition is met or not. Writes cycles[n, causes + 1], the last
    column of a row being what the branch before it took until this row could issue. The younger of a pair takes 0.
    """
    ready = np.zeros((len(STAGES), REGISTER_COUNT), np.int64)
    stores = np.full((_STORES_KEPT, 3), NO_BASE, np.int64)  # base, number of the word, cycle
    cycles[:] = 0
    _walk(rows, leaves, rules, cycles, ready, stores)


@observing
def _walk(rows: Any, leaves: Any, rules: Any, cycles: Any, ready: Any, stores: Any) -> None:
    fetch_bytes = rules[_FETCH_BYTES]
    free = 0  # the first cycle with both slots free
    partner = -1  # the row in the older slot of cycle `at` while the younger is empty
    at = 0
    refill = 0
    fetched = 0  # the cycle in which the bytes number `begin` arrive; those behind follow, one piece a cycle
    begin = rows[0, ADDRESS] // fetch_bytes
    for i in range(len(rows)):
        row = rows[i]
        arrives = fetched + (row[ADDRESS] + row[BYTES] - 1) // fetch_bytes - begin
        operands = _operands_ready(row, ready, stores, rules[_STORE_TO_LOAD])
        slot = OLDER
        in_time = partner >= 0 and arrives <= at and operands <= at
        if in_time and _may_pair(rows[partner], row, ready, at, rules[_LOADS_CLASH]):
            slot = EITHER
            partner = -1
        else:
            start = max(free + refill, arrives)
            at = max(start, operands)
            cycles[i, ISSUE] = 1
            cycles[i, REFILL] = refill
            cycles[i, FETCH] = start - free - refill
            cycles[i, HAZARD] = at - start
            free = at + 1
            partner = -1 if row[ISSUES] & ALONE else i
        end = at + row[ISSUE_CYCLES] - 1
        cycles[i, row[CAUSE]] += max(0, end + 1 - free)
        free = max(free, end + 1)
        _retire(row, ready, stores, rules, slot, at, end)
        refill = 0
        if leaves[i] and i + 1 < len(rows):
            partner = -1
            refill = row[REFILL_CYCLES]
            fetched = end + rules[_FETCH_RESTART] + refill
            begin = rows[i + 1, ADDRESS] // fetch_bytes


@inner
def _operands_ready(row: Any, ready: Any, stores: Any, store_to_load: Any) -> Any:
    """The first cycle in which an instruction has its operands, and data that was just stored where it loads."""
    first = 0
    for stage in range(len(STAGES)):
        mask = row[READS + stage]
        register = 0
        while mask:
            if mask & 1:
                first = max(first, ready[stage, register])
            mask >>= 1
            register += 1
    if row[IS] & LOAD and row[BASE] != NO_BASE:
        for k in range(_STORES_KEPT):
            if stores[k, 0] == row[BASE] and stores[k, 1] == row[OFFSET] >> 2:
                first = max(first, stores[k, 2] + store_to_load)
    return first


@inner
def _may_pair(older: Any, younger: Any, ready: Any, at: Any, loads_clash: Any) -> Any:
    """Whether two instructions may issue in one cycle, as far as what they are decides."""
    if younger[ISSUES] & (ALONE | NOT_YOUNGER):
        return False
    if older[CLASHES] & younger[IS] or younger[CLASHES] & older[IS]:
        return False
    if younger[YOUNGER_READS] and ready[LATE, MULTIPLIER] > at:
        return False
    if older[IS] & younger[IS] & LOAD == 0:
        return True
    if older[BASE] != NO_BASE and older[BASE] == younger[BASE]:
        return (older[OFFSET] ^ younger[OFFSET]) & 4 != 0  # else in one bank of data memory
    return not loads_clash


@inner
def _retire(row: Any, ready: Any, stores: Any, rules: Any, slot: Any, at: Any, end: Any) -> None:
    """Note when the results of an instruction that issues from cycle `at` to `end` can be read, and what it stores."""
    early = row[EARLY_SLOTS] >= slot
    mask = row[READS + LATE]
    register = 0
    while mask and early:
        if mask & 1 and register != FLAGS_REGISTER and ready[EARLY, register] > at:
            early = False
        mask >>= 1
        register += 1
    mask = row[WRITES]
    side = row[SIDE_WRITES]
    register = 0
    while mask or side:
        if (mask | side) & 1:
            for stage in range(len(STAGES)):
                if side & 1:
                    ready[stage, register] = at + row[SIDE_LATENCY]
                else:
                    ready[stage, register] = end + (rules[_EARLY_LATENCY + stage] if early else row[LATENCY + stage])
            for k in range(_STORES_KEPT):
                if stores[k, 0] == register:
                    stores[k, 0] = NO_BASE
        mask >>= 1
        side >>= 1
        register += 1
    if row[IS] & STORE and row[BASE] != NO_BASE and row[SIDE_WRITES] == 0:
        oldest = 0
        for k in range(_STORES_KEPT):
            if stores[k, 2] < stores[oldest, 2]:
                oldest = k
        stores[oldest, 0] = row[BASE]
        stores[oldest, 1] = row[OFFSET] >> 2
        stores[oldest, 2] = at


def observer(core: Core, board: Board) -> Observer | None:
    """What follows branches and data addresses: mispredictions, loads that wait for a bank of data memory."""
    return predicted(core, core.pipeline)


def unobserved(core: Core, trace: Trace, rows_of: Rows) -> tuple[Observed, ...]:
    """What pairs of loads cost that meet in one bank of memory, and estimates of all where nothing was recorded.

    Such loads issue one behind the other. Between none and all of a block's pairs of unknown addresses, its time is
    taken in proportion to those that met; half of them where nothing was recorded, which improved the mean error from
    2.0 to 1.7 % on silicon (unpublished comparison with published latencies of exact binaries). There, the rarer way
    of every conditional branch is mispredicted, which came within 2 % together with the rest.
    """
    conflict, misprediction = core.rules["bank_conflict"], core.rules["misprediction"]
    vector = rules(core)
    own = next((one for one in trace.observed if one.name == core.pipeline), None)
    if own is not None:
        costs = [
            (row[BANK_CONFLICT] and round(row[BANK_CONFLICT] * _apart_cycles(rows_of(block), vector)),)
            for row, block in zip(own.counts, trace.blocks, strict=True)
        ]
        event = Event("loads_apart", "load_store", conflict.value, conflict.source)
        return (Observed(core.pipeline, (event,), tuple(costs)),)
    visits = [0] * len(trace.blocks)
    for edge in trace.edges:
        visits[edge.block] += edge.count
    counts = tuple(
        (rare, visited and round(visited * _paired_loads(rows_of(block), vector)[1]))
        for rare, visited, block in zip(_rarer_ways(trace), visits, trace.blocks, strict=True)
    )
    events = (
        Event("misprediction", "branch", misprediction.value, misprediction.source),
        Event("loads_apart", "load_store", conflict.value / 2, f"half of: {conflict.source}"),
    )
    return (Observed(core.pipeline, events, counts),)


def _rarer_ways(trace: Trace) -> list[int]:
    """How often each block went the way that its conditional branch goes less often, over all blocks it ends."""
    ways = [[0, 0] for _ in trace.blocks]  # not taken, taken
    of_branch: dict[int, list[int]] = {}
    ends = [block.instructions[-1] if block.instructions else None for block in trace.blocks]
    for edge in trace.edges:
        last = ends[edge.previous] if edge.previous >= 0 else None
        if last is not None and last.branch in ("conditional", "cbz"):
            taken = trace.blocks[edge.previous].end != trace.blocks[edge.block].address
            ways[edge.previous][taken] += edge.count
            of_branch.setdefault(last.address, [0, 0])[taken] += edge.count
    rarer = {address: int(taken < passed) for address, (passed, taken) in of_branch.items()}
    return [
        own[rarer[last.address]] if last is not None and last.address in rarer else 0
        for own, last in zip(ways, ends, strict=True)
    ]


def _apart_cycles(rows: NDArray[np.int64], vector: NDArray[np.int64]) -> float:
    """Cycles that a block takes longer, on average, for a pair of its loads that cannot issue together.

    A pair that forms only behind what came before is taken to cost its cycle in full.
    """
    pairs, cycles = _paired_loads(rows, vector)
    return cycles / pairs if pairs else 1.0


def _paired_loads(rows: NDArray[np.int64], vector: NDArray[np.int64]) -> tuple[int, int]:
    """Pairs of loads that issue together in a block by itself and whose addresses cannot be compared.

    With them the cycles that the block takes longer if none of them issues together.
    """
    kinds = rows[:, IS].tolist()
    if not any(older & younger & LOAD for older, younger in itertools.pairwise(kinds)):
        return 0, 0
    is_load = rows[:, IS] & LOAD != 0
    together, apart = vector.copy(), vector.copy()
    together[_LOADS_CLASH], apart[_LOADS_CLASH] = 0, 1
    cycles = _alone(rows, together)
    comparable = (rows[1:, BASE] != NO_BASE) & (rows[1:, BASE] == rows[:-1, BASE])
    pairs = int((is_load[1:] & is_load[:-1] & (cycles[1:] == 0) & ~comparable).sum())
    if not pairs:
        return 0, 0
    return pairs, max(0, int(_alone(rows, apart).sum() - cycles.sum()))


def _alone(rows: NDArray[np.int64], vector: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cycles of each instruction of a block by itself."""
    cycles = np.zeros((len(rows), REFILL + 1), np.int64)
    branches = np.zeros(len(rows), np.int64)
    walk(rows, branches, branches, vector, cycles)
    total: NDArray[np.int64] = cycles.sum(axis=1)
    return total


def _value(core: Core, rule: str) -> int:
    return core.rules[rule].value
