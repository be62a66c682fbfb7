"""Instructions in the order executed → their cycles on a single-issue pipeline (Cortex-M0, M0+, M3, M4), no waits.

Every instruction issues for one cycle, but a folded IT and a store in a load's second cycle for none; what it takes
beyond that, alone or because of its neighbours, goes to another cause. The numbers are the core's: `timings` for an
instruction alone, `rules` for neighbours. The prefetch buffer of M3 and M4 is followed word by word.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.chained_loads import LOAD_RULES, chained_loads
from mcusim.errors import UnsupportedError
from mcusim.extensions import known_timing
from mcusim.fixedpoint import inner, int64, observing
from mcusim.hardware import Board, Core
from mcusim.recording import Observed, Observer
from mcusim.trace import CAUSES, Instruction, Rows, Trace

ISSUE, MULTIPLY_DIVIDE, HAZARD, FETCH = (
    CAUSES.index(cause) for cause in ("issue", "multiply_divide", "hazard", "fetch")
)

# Cycles that depend on operands; where a core's table gives one cycle, they do not.
OPERAND_DEPENDENT = frozenset({"udiv", "sdiv", "umull", "smull", "umlal", "smlal"})
DIVIDES = frozenset({"udiv", "sdiv"})
NARROW_BITS = 16  # operands up to here end a long multiplication of Cortex-M3 early

# -- Rules: the numbers of neighbours, by the names that they have in a core's file ----------------------------------

# The order of the vector that `walk` reads. Cycles in all: it_folded, load_chained, load_writeback_chained,
# store_after_load, condition_failed. Cycles on top: those of neighbours. The prefetch_ rules: see _shift.
WALK_RULES = (
    "it_folded", "condition_failed", "load_chained", "load_writeback_chained", "load_writeback_same_base",
    "load_after_store", "load_multiple_after_store", "load_absorbs_nop", "store_after_load",
    "store_writeback_after_load", "store_writeback_same_base", "address_interlock", "float_result_use",
    "float_addend_use", "prefetch_latency", "prefetch_room", "prefetch_room_after_wait",
    "prefetch_words_behind_branch",
)  # fmt: skip
(
    _IT_FOLDED, _CONDITION_FAILED, _LOAD_CHAINED, _LOAD_WRITEBACK_CHAINED, _LOAD_WRITEBACK_SAME_BASE,
    _LOAD_AFTER_STORE, _LOAD_MULTIPLE_AFTER_STORE, _LOAD_ABSORBS_NOP, _STORE_AFTER_LOAD,
    _STORE_WRITEBACK_AFTER_LOAD, _STORE_WRITEBACK_SAME_BASE, _ADDRESS_INTERLOCK, _FLOAT_RESULT_USE,
    _FLOAT_ADDEND_USE, _PREFETCH_LATENCY, _PREFETCH_ROOM, _PREFETCH_ROOM_AFTER_WAIT,
    _PREFETCH_WORDS_BEHIND_BRANCH,
) = range(len(WALK_RULES))  # fmt: skip

# Cycles that a taken branch costs before its target issues, by kind of branch.
REFILLS: dict[str, str] = {
    "b": "branch_refill",
    "bl": "call_refill",
    "conditional": "conditional_branch_refill",
    "cbz": "conditional_branch_refill",
    "bx": "indirect_branch_refill",
    "blx": "indirect_branch_refill",
    "alu_pc": "indirect_branch_refill",
    "load_pc": "load_branch_refill",
    "pop_pc": "load_branch_refill",
    "table": "table_branch_refill",
}
FLOAT_RULES = ("float_result_use", "float_addend_use", "float_move_pair", "float_divide_issue")
DIVIDE_RULES = ("divide_by_zero", "divide_smaller", "divide_base", "divide_bits_per_cycle", "divide_most")
LONG_MULTIPLY_RULES = ("multiply_long_narrow", "multiply_long_wide", "accumulate_long_narrow", "accumulate_long_wide")
OTHER_RULES = (*REFILLS.values(), "multiply", "store_register_offset", *LOAD_RULES)


def rules(core: Core) -> NDArray[np.int64]:
    """The numbers of the core's rules as `walk` takes them; those of a unit that the core has not are 0.

    Raises UnsupportedError for a core without one of the rules that its instructions need, naming all that miss.
    """
    needed = {*WALK_RULES, *OTHER_RULES} - set(FLOAT_RULES)
    if core.fpu is not None:
        needed |= set(FLOAT_RULES)
    if DIVIDES & core.timings.keys():
        needed |= set(DIVIDE_RULES)
    if _ends_early(core, "umull"):
        needed |= set(LONG_MULTIPLY_RULES)
    missing = sorted(needed - core.rules.keys())
    if missing:
        raise UnsupportedError(f"pipeline in_order needs rules that {core.name} does not give: {', '.join(missing)}")
    return np.array([core.rules[name].value if name in needed else 0 for name in WALK_RULES], np.int64)


def operand_cycles(core: Core, mnemonic: str, bits: tuple[int, int, int]) -> int:
    """Cycles beyond the first of an instruction of OPERAND_DEPENDENT; the core's rules say where they are from.

    `bits`: of |dividend|, |divisor|, |quotient|, or of both factors and the product, the sign not counted.
    """
    if not _ends_early(core, mnemonic):
        return 0
    first, second, result = bits
    if mnemonic not in DIVIDES:
        width = "narrow" if max(first, second) <= NARROW_BITS else "wide"
        kind = "accumulate" if mnemonic.endswith("lal") else "multiply"
        return core.rules[f"{kind}_long_{width}"].value - 1
    if first == 0 or second == 0:
        return core.rules["divide_by_zero"].value - 1
    if first < second:
        return core.rules["divide_smaller"].value - 1
    steps = result // core.rules["divide_bits_per_cycle"].value
    return min(core.rules["divide_most"].value, core.rules["divide_base"].value + steps) - 1


def _ends_early(core: Core, mnemonic: str) -> bool:
    """Whether the cycles depend on operands: the table then gives the least, more than one."""
    timing = core.timings.get(mnemonic)
    return timing is not None and timing.cycles > 1 and mnemonic in OPERAND_DEPENDENT


# -- Facts: one row an instruction -----------------------------------------------------------------------------------

# AT, BYTES: where it lies. OWN: cycles without neighbours, those of operands left out, and CAUSE, under which they
# count beyond the first; HIDDEN: the least of those left out. Sets of registers: READS without the addends, ADDENDS,
# POINTERS (base and index), WRITES, WRITEBACK (the base). CONDITION: an index into _CONDITIONS. REFILL: what it costs
# before its target as a taken branch. RUNS: cycles that a floating-point divide runs. TRAITS: the bits below.
COLUMNS = 14
ADDRESS_COLUMN: int | None = 0  # the only one that differs between places of an instruction that names no PC
(
    _AT, _BYTES, _TRAITS, _OWN, _HIDDEN, _CAUSE, _READS, _ADDENDS, _POINTERS, _WRITES, _WRITEBACK, _CONDITION,
    _REFILL, _RUNS,
) = range(COLUMNS)  # fmt: skip
REFILL = len(CAUSES)  # column of `cycles`

# A single load or store moves one core register and is no branch: the loads that pipeline with each other.
# GIVES_POINTER, GIVES_FLOAT: its result comes late for an address, for the floating-point unit.
_LOAD, _STORE, _MULTIPLE_LOAD, _HIDES_NOP, _NOP, _FLOAT, _GIVES_POINTER, _GIVES_FLOAT, _IT = (1 << n for n in range(9))

_REGISTERS = {f"r{number}": 1 << number for number in range(13)} | {"sp": 1 << 13, "lr": 1 << 14, "pc": 1 << 15}
_REGISTERS |= {f"s{number}": 1 << 16 + number for number in range(32)}
# Conditions that exclude each other lie side by side (DDI 0403E, A7.3).
_CONDITIONS = dict(zip("eq ne hs lo mi pl vs vc hi ls ge lt gt le".split(), range(14), strict=True))  # noqa: SIM905
_UNCONDITIONAL = len(_CONDITIONS)


def facts(core: Core, instruction: Instruction, function: str) -> tuple[int, ...]:
    """The row of COLUMNS integers that `walk` reads for an instruction.

    Raises UnsupportedError, naming the instruction, its address and its function, for one that the core lacks or has
    no timing for.
    """
    mnemonic, access = instruction.mnemonic, instruction.access
    timing = known_timing(core, instruction, function)
    traits = _traits(instruction)
    own = 1 if mnemonic in OPERAND_DEPENDENT else timing.cycles
    runs = 0
    if mnemonic == "mul":
        own = core.rules["multiply"].value
    elif access is not None and (access.multiple or traits & _FLOAT):
        own += access.words
    elif traits & _STORE and traits & _HIDES_NOP:
        own = core.rules["store_register_offset"].value
    elif mnemonic == "vmov" and len(instruction.reads) + len(instruction.writes) == 4:
        own = core.rules["float_move_pair"].value
    elif mnemonic.startswith(("vdiv", "vsqrt")):
        own, runs = core.rules["float_divide_issue"].value, timing.cycles
    return (
        instruction.address,
        instruction.size,
        traits,
        own,
        timing.cycles - own if mnemonic in OPERAND_DEPENDENT else 0,
        CAUSES.index(timing.cause),
        _mask(instruction.reads) & ~_mask(instruction.accumulators),
        _mask(instruction.accumulators),
        _mask(instruction.address_reads),
        _mask(instruction.writes),
        _REGISTERS[instruction.base_writeback] if instruction.base_writeback else 0,
        _CONDITIONS.get(instruction.condition, _UNCONDITIONAL),
        core.rules[REFILLS[instruction.branch]].value if instruction.branch else 0,
        runs,
    )


def _traits(instruction: Instruction) -> int:
    mnemonic, access = instruction.mnemonic, instruction.access
    is_float = mnemonic.startswith("v")
    traits = _FLOAT if is_float else _IT if mnemonic == "it" else _NOP if mnemonic == "nop" else 0
    if access is None:
        if instruction.branch is None:
            late = not mnemonic.startswith(("vmov", "vdiv", "vsqrt"))
            traits |= (_GIVES_FLOAT if late else 0) if is_float else _GIVES_POINTER
    elif access.kind == "load" and access.multiple:
        traits |= _MULTIPLE_LOAD
    elif not (access.multiple or is_float or instruction.branch or "ex" in mnemonic):
        if access.kind == "load":
            traits |= _LOAD | _HIDES_NOP
        else:
            traits |= _STORE | (_HIDES_NOP if access.offset == "register" else 0)
    return traits


@lru_cache(maxsize=4096)
def _mask(registers: frozenset[str]) -> int:
    """A set of registers as bits: r0-r15 from bit 0, s0-s31 from bit 16."""
    return sum(_REGISTERS[name] for name in registers)


# -- The walk --------------------------------------------------------------------------------------------------------

# What the instructions before leave. BEFORE: row of the neighbour right before, −1 for none that executed; BEFORE_16:
# whether a 16-bit instruction came right before; WAITED: whether it took more than a cycle; FLOAT_DONE,
# FLOAT_WRITES: when a floating-point divide is done, and what it writes. ARRIVALS: when the word of code at the next
# instruction arrives, and the two behind it: all that the prefetch buffer holds or has asked for.
_NOW, _BEFORE, _BEFORE_16, _WAITED, _NEXT_AT, _FLOAT_DONE, _FLOAT_WRITES, _ARRIVALS = range(8)
_WORDS = 3
_STATE = _ARRIVALS + _WORDS


def walk(rows: Any, leaves: Any, passes: Any, rules: Any, cycles: Any) -> None:
    """Count the cycles of n instructions in the order executed, by cause.

    `rows`: n rows of `facts`; `leaves`: 1 for a taken branch, whose target is the next row; `passes`: 0 where the
    condition failed; `rules`: as `rules` gives them. Adds to `cycles`: n rows of CAUSES and REFILL, which holds what
    the taken branch of the row before cost. A row's cycles depend on no later one; the first is entered with a full
    prefetch buffer and nothing before it.
    """
    state = np.zeros(_STATE, np.int64)
    state[_BEFORE] = state[_NEXT_AT] = -1
    _walk(rows, leaves, passes, rules, cycles, state)


@observing
def _walk(rows: Any, leaves: Any, passes: Any, rules: Any, cycles: Any, state: Any) -> None:
    for i in range(len(rows)):
        row = rows[i]
        if i > 0 and leaves[i - 1]:
            cycles[i, REFILL] = rows[i - 1, _REFILL]
            _redirect(state, rows[i - 1, _REFILL], rules[_PREFETCH_WORDS_BEHIND_BRANCH])
        elif row[_AT] != state[_NEXT_AT]:
            _redirect(state, int64(0), int64(_WORDS))
        folded = row[_TRAITS] & _IT and state[_BEFORE_16]
        before = rows[state[_BEFORE]]
        related = passes[i] and state[_BEFORE] >= 0 and not _exclude(row[_CONDITION], before[_CONDITION])
        if folded or not passes[i]:
            own = rules[_IT_FOLDED] if folded else rules[_CONDITION_FAILED]
        else:
            own = _own(row, before, rules) if related else row[_OWN]
        issuable = state[_NOW]
        if related and not folded and own < row[_OWN]:  # pipelines: it issues in the second cycle of the one before
            issuable -= 1
            if own == 0:  # and nothing waits for that cycle
                state[_WAITED] = 0
        stall = max(0, state[_ARRIVALS + int(row[_AT] % 4 + row[_BYTES] > 4)] - issuable)
        cycles[i, FETCH] = stall
        wait = 0
        if passes[i] and not folded:
            hazard = max(0, _hazard(row, before, rules) - stall) if related else 0
            divide = max(0, state[_FLOAT_DONE] - state[_NOW] - stall) if row[_TRAITS] & _FLOAT else 0
            if divide and state[_FLOAT_WRITES] & (row[_READS] | row[_ADDENDS]):
                hazard += rules[_FLOAT_RESULT_USE]
            cycles[i, HAZARD], cycles[i, MULTIPLY_DIVIDE] = hazard, divide
            wait = hazard + divide
        cycles[i, ISSUE] += min(own, 1)
        cycles[i, row[_CAUSE]] += max(own - 1, 0)
        _shift(state, row, issuable + stall + wait, rules)
        hidden = row[_HIDDEN] if passes[i] else 0
        state[_NOW] += stall + wait + own + hidden
        state[_NEXT_AT] = row[_AT] + row[_BYTES]
        if not folded:
            _leave(state, i, row, passes[i], wait + own + hidden)


@inner
def _own(row: Any, before: Any, rules: Any) -> Any:
    """Cycles of an instruction behind the one right before it, waits left out."""
    if before[_TRAITS] & _LOAD:
        if row[_TRAITS] & _LOAD and not before[_WRITES] & row[_POINTERS]:
            return rules[_LOAD_WRITEBACK_CHAINED] if row[_WRITEBACK] else rules[_LOAD_CHAINED]
        if row[_TRAITS] & _STORE and not row[_TRAITS] & _HIDES_NOP and not before[_WRITES] & row[_POINTERS]:
            waits = row[_WRITEBACK] and rules[_STORE_WRITEBACK_AFTER_LOAD]
            return row[_OWN] if waits else rules[_STORE_AFTER_LOAD]
    if before[_TRAITS] & _HIDES_NOP and row[_TRAITS] & _NOP:
        return row[_OWN] - rules[_LOAD_ABSORBS_NOP]
    return row[_OWN]


@inner
def _hazard(row: Any, before: Any, rules: Any) -> Any:
    """Cycles that an instruction waits for the one right before it."""
    kind, other, cycles = row[_TRAITS], before[_TRAITS], 0
    if other & _STORE:
        if kind & _LOAD:
            cycles += rules[_LOAD_AFTER_STORE]
        elif kind & _MULTIPLE_LOAD:
            cycles += rules[_LOAD_MULTIPLE_AFTER_STORE]
    if other & _GIVES_POINTER and before[_WRITES] & row[_POINTERS]:
        cycles += rules[_ADDRESS_INTERLOCK]
    if row[_WRITEBACK]:
        same = row[_WRITEBACK] == before[_WRITEBACK]
        if kind & other & _LOAD and same:
            cycles += rules[_LOAD_WRITEBACK_SAME_BASE]
        elif kind & other & _STORE and same:
            cycles += rules[_STORE_WRITEBACK_SAME_BASE]
        elif kind & _STORE and other & _LOAD:
            cycles += rules[_STORE_WRITEBACK_AFTER_LOAD]
    if other & _GIVES_FLOAT:
        if before[_WRITES] & row[_READS]:
            cycles += rules[_FLOAT_RESULT_USE]
        elif before[_WRITES] & row[_ADDENDS]:
            cycles += rules[_FLOAT_ADDEND_USE]
    return cycles


@inner
def _exclude(condition: Any, other: Any) -> Any:
    """Whether only one of two instructions in a row can execute (the halves of an ITE)."""
    return condition < _UNCONDITIONAL and condition ^ 1 == other


@inner
def _redirect(state: Any, refill: Any, words: Any) -> None:
    """Go on elsewhere: the target issues behind the refill, when `words` words of code are there, more each cycle."""
    state[_NOW] += refill
    state[_BEFORE], state[_BEFORE_16], state[_WAITED] = -1, 0, 0
    for k in range(_WORDS):
        state[_ARRIVALS + k] = state[_NOW] + max(0, k + 1 - words)


@inner
def _shift(state: Any, row: Any, issued: Any, rules: Any) -> None:
    """Free the word whose last halfword has issued, and fetch the third one behind it in its place.

    The address phase of that fetch comes one cycle after the one before, but at the earliest `prefetch_room` cycles
    after the issue, or `prefetch_room_after_wait` where the instruction before took more than one cycle, so that the
    issue did not show in time; the word arrives `prefetch_latency` cycles later (address and data phase).
    """
    if row[_AT] % 4 + row[_BYTES] < 4:
        return
    last = state[_ARRIVALS + _WORDS - 1]
    for k in range(_WORDS - 1):
        state[_ARRIVALS + k] = state[_ARRIVALS + k + 1]
    room = rules[_PREFETCH_ROOM_AFTER_WAIT] if state[_WAITED] else rules[_PREFETCH_ROOM]
    state[_ARRIVALS + _WORDS - 1] = max(last + 1, issued + room + rules[_PREFETCH_LATENCY])


@inner
def _leave(state: Any, index: Any, row: Any, executed: Any, spent: Any) -> None:
    """Note what an instruction leaves for the next."""
    state[_BEFORE] = index if executed else -1
    state[_BEFORE_16] = row[_BYTES] == 2
    state[_WAITED] = spent > 1
    if executed and row[_TRAITS] & _FLOAT:
        state[_FLOAT_DONE] = state[_NOW] - row[_OWN] + row[_RUNS] if row[_RUNS] else 0
        state[_FLOAT_WRITES] = row[_WRITES]


# -- What the walk cannot know ---------------------------------------------------------------------------------------


def observer(core: Core, board: Board) -> Observer | None:
    """Counts what depends on data addresses: chains between memories, unaligned loads; None where neither costs."""
    return chained_loads(core, board)


def unobserved(core: Core, trace: Trace, rows_of: Rows) -> tuple[Observed, ...]:
    """Nothing: without data addresses every load is taken as aligned, and every chain as within one memory."""
    return ()
