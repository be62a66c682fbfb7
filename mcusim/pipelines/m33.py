"""Facts about instructions → cycles by cause on an in-order pipeline that issues some 16-bit pairs (Cortex-M33).

One instruction a cycle, but a NOP, IT or branch of 16 bits may join the 16-bit instruction before it. What waits, waits
for registers: each has the cycle from which most operands can be read, and an earlier one for addends and for data to
store. Nothing depends on where code lies, and there is no branch prediction.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import UnsupportedError
from mcusim.extensions import known_timing
from mcusim.fixedpoint import inner, observing
from mcusim.hardware import Board, Core
from mcusim.operand_stages import FLAGS_REGISTER, REGISTER_COUNT, is_multiply, last_operand, mask, shifted_operand
from mcusim.recording import Observed, Observer
from mcusim.trace import ALWAYS, CAUSES, Instruction, Rows, Trace

# Columns of a row. READS and LATENCY have one for each stage; latencies count from the last cycle of the instruction,
# and FLAGS_LATENCY is 0 for one that sets no flags. FLOAT_CYCLES: how long the floating-point unit takes no other
# instruction, 0 for one that does not need it. PAIRS: OLDER and YOUNGER, what it can be of a pair.
READS, WRITES, LATENCY, WRITES_BACK, FLAGS_LATENCY, ISSUE_CYCLES, CAUSE = 0, 3, 4, 7, 8, 9, 10
FLOAT_CYCLES, EARLY_CYCLES, PAIRS, REFILL_CYCLES = range(11, 15)
COLUMNS = 15
ADDRESS_COLUMN: int | None = None  # the only one that differs between places of an instruction that names no PC
# When a register can be read: by most; as the addend of an extend-and-add; as that of a multiply-accumulate, or as
# data to store.
OPERAND = 0
STAGES = 3
# As NumPy's, because Numba would compile what they are passed to once for each plain constant.
_NO_REGISTERS, _FLOAT_REGISTERS = np.int64(0), np.int64((1 << REGISTER_COUNT) - (1 << FLAGS_REGISTER + 1))
OLDER, YOUNGER = 1, 2
FLOAT_STATUS = REGISTER_COUNT - 1  # what VCMP writes and VMRS reads

OPERAND_DEPENDENT: frozenset[str] = frozenset()

ISSUE, HAZARD = (CAUSES.index(cause) for cause in ("issue", "hazard"))
REFILL = len(CAUSES)

# The rules of a result: when it can be read at each of STAGES.
_LATENCIES = {
    "alu": ("alu_result",) * 3,
    "shifted": ("shifted_result", "shifted_result_to_addend", "shifted_result_to_addend"),
    "dsp": ("dsp_result",) * 3,
    "extend_add": ("extend_add_result", "extend_add_result_to_addend", "extend_add_result_to_addend"),
    "multiply": ("multiply_result", "multiply_result_to_addend", "multiply_result_to_addend"),
    "load": ("load_result", "load_result", "load_result_to_addend"),
    "float_load": ("float_load_result",) * 3,
    "float_arithmetic": ("float_result",) * 3,
    "float_accumulate": ("float_accumulate_result",) * 2 + ("float_accumulate_result_to_addend",),
    "float_to_core": ("float_move_to_core_result",) * 3,
    "float_pair_to_core": ("float_move_pair_to_core_result",) * 3,
    "float_from_core": ("float_move_from_core_result",) * 3,
    "float_pair_from_core": ("float_move_pair_from_core_result",) * 3,
}
_REFILLS = {
    "b": "branch_refill",
    "conditional": "conditional_branch_refill",
    "cbz": "conditional_branch_refill",
    "bl": "call_refill",
    "bx": "indirect_branch_refill",
    "blx": "indirect_branch_refill",
    "alu_pc": "indirect_branch_refill",
    "load_pc": "load_branch_refill",
    "pop_pc": "load_branch_refill",
    "table": "table_branch_refill",
}
_WALK_RULES = ("base_writeback", "flag_setter_refill", "condition_failed")
_BASE_WRITEBACK, _FLAG_SETTER_REFILL, _CONDITION_FAILED = range(3)  # of the vector of rules
_FACT_RULES = (
    "flags", "shifted_flags", "flag_setting_multiply", "flag_setting_shifted_constant", "float_accumulate_busy",
    "float_move_pair_to_core", "float_issues_early",
)  # fmt: skip

_EXTEND_ADD = re.compile(r"[su]xta(b|h|b16)")
_DSP = re.compile(
    r"(s|u|q|sh|uh|uq)(add8|add16|sub8|sub16|asx|sax)|qd?(add|sub)|sel|usada?8|pkh(bt|tb)|[su]xt(b|h|b16)|[su]sat(16)?"
)
_READS_FLAGS = frozenset({"adc", "sbc", "rrx", "vsel.f32"})
_FLOAT_ACCUMULATES = frozenset({"vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms"})


def facts(core: Core, instruction: Instruction, function: str) -> tuple[int, ...]:
    """The row of an instruction in the table that `walk` reads.

    Raises UnsupportedError, naming the instruction, its address and function, for one that the core lacks or has no
    timing for.
    """
    timing = known_timing(core, instruction, function)
    cycles = _issue_cycles(core, instruction, timing.cycles)
    kind = _result(instruction)
    latencies = [core.rules[name].value for name in _LATENCIES[kind]]
    if instruction.access is None:  # counted from the first cycle, and there when the instruction ends
        latencies = [max(1, latency - cycles + 1) for latency in latencies]
    is_float = instruction.mnemonic.startswith("v")
    busy = core.rules["float_accumulate_busy"].value if kind == "float_accumulate" else cycles
    is_arithmetic = kind in ("float_arithmetic", "float_accumulate")
    return (
        *_reads(instruction),
        mask(instruction.writes) | (1 << FLOAT_STATUS if instruction.mnemonic.startswith(("vcmp", "vmsr")) else 0),
        *latencies,
        mask(frozenset({instruction.base_writeback})) if instruction.base_writeback else 0,
        _flags_latency(core, instruction, kind),
        cycles,
        CAUSES.index(timing.cause),
        busy if is_float else 0,
        core.rules["float_issues_early"].value if is_arithmetic else 0,
        _pairs(instruction),
        core.rules[_REFILLS[instruction.branch]].value if instruction.branch else 0,
    )


def rules(core: Core) -> NDArray[np.int64]:
    """What `walk` has to know beyond the rows; UnsupportedError names the rules that a core does not give."""
    latencies = (name for names in _LATENCIES.values() for name in names)
    needed = dict.fromkeys((*_WALK_RULES, *_FACT_RULES, *latencies, *_REFILLS.values()))
    missing = [name for name in needed if name not in core.rules]
    if missing:
        raise UnsupportedError(f"pipeline m33 needs rules that {core.name} does not give: {', '.join(missing)}")
    return np.array([core.rules[name].value for name in _WALK_RULES], np.int64)


def operand_cycles(core: Core, mnemonic: str, bits: tuple[int, int, int]) -> int:
    """Cycles that operands of these bits add: none, for UDIV and SDIV are taken to last the same for all."""
    return 0


def walk(rows: Any, leaves: Any, passes: Any, rules: Any, cycles: Any) -> None:
    """Cycles by cause of instructions in the order executed, zero wait states.

    `rows` int64[n, COLUMNS]; `leaves[i]`: i is a taken branch to row i + 1; `passes[i]` is 0 where its condition
    failed, so that it waits for nothing and writes nothing. Writes cycles[n, causes + 1], the last column of a row
    being what the branch before it took until this row could issue. The younger of a pair takes 0.
    """
    _walk(rows, leaves, passes, rules, cycles, np.zeros((STAGES, REGISTER_COUNT), np.int64))


@observing
def _walk(rows: Any, leaves: Any, passes: Any, rules: Any, cycles: Any, ready: Any) -> None:
    free = 0  # the first cycle in which the next instruction can issue
    float_free = 0  # likewise for one that needs the floating-point unit
    partner = -1  # the row that the next one may join in cycle free - 1
    refill = 0
    for i in range(len(rows)):
        row = rows[i]
        for column in range(REFILL + 1):
            cycles[i, column] = 0
        start = free + refill
        executes = free - 1
        behind_flags = partner >= 0 and rows[partner, FLAGS_LATENCY] and passes[partner]
        if partner >= 0 and row[PAIRS] & YOUNGER and _joins(row, passes[i], behind_flags, ready, free - 1):
            partner = -1
        else:
            behind_flags = False
            at = start
            length = rules[_CONDITION_FAILED]
            operands = 0
            if passes[i]:
                length = row[ISSUE_CYCLES]
                operands = _operands_ready(row, ready, _NO_REGISTERS)
                at = max(at, operands - row[EARLY_CYCLES], _operands_ready(row, ready, _FLOAT_REGISTERS))
                at = max(at, float_free) if row[FLOAT_CYCLES] else at
            end = at + length - 1
            executes = max(at, operands) + length - 1
            cycles[i, ISSUE] = 1
            cycles[i, HAZARD] = at - start
            cycles[i, row[CAUSE]] += length - 1
            cycles[i, REFILL] = refill
            free = end + 1
            partner = i if row[PAIRS] & OLDER else -1
        if passes[i]:
            _retire(row, ready, rules[_BASE_WRITEBACK], executes)
            if row[FLOAT_CYCLES]:
                float_free = executes - row[ISSUE_CYCLES] + 1 + row[FLOAT_CYCLES]
        refill = 0
        if leaves[i]:
            partner = -1
            refill = row[REFILL_CYCLES] + (rules[_FLAG_SETTER_REFILL] if behind_flags else 0)


@inner
def _operands_ready(row: Any, ready: Any, ignored: Any) -> Any:
    """The first cycle in which an instruction has all that it reads, but for some registers, given as bits."""
    first = 0
    for stage in range(STAGES):
        reads = row[READS + stage] & ~ignored
        register = 0
        while reads:
            if reads & 1:
                first = max(first, ready[stage, register])
            reads >>= 1
            register += 1
    return first


@inner
def _joins(row: Any, passes: Any, behind_flags: Any, ready: Any, at: Any) -> Any:
    """Whether what may be the younger of a pair has its operands in cycle `at`, the last of the older.

    The flags that the older itself sets are not waited for: what a taken branch loses by them is part of its refill.
    """
    if not passes:
        return True
    ignored = 1 << FLAGS_REGISTER if behind_flags else 0
    return _operands_ready(row, ready, ignored) <= at


@inner
def _retire(row: Any, ready: Any, base_writeback: Any, end: Any) -> None:
    """Note when the results of an instruction that ends in cycle `end` can be read."""
    writes = row[WRITES]
    writes_back = row[WRITES_BACK]
    register = 0
    while writes or writes_back:
        if (writes | writes_back) & 1:
            for stage in range(STAGES):
                ready[stage, register] = end + (row[LATENCY + stage] if writes & 1 else base_writeback)
        writes >>= 1
        writes_back >>= 1
        register += 1
    if row[FLAGS_LATENCY]:
        ready[OPERAND, FLAGS_REGISTER] = end + row[FLAGS_LATENCY]


def observer(core: Core, board: Board) -> Observer | None:
    """Nothing in this core depends on data addresses or on the history of branches."""
    return None


def unobserved(core: Core, trace: Trace, rows_of: Rows) -> tuple[Observed, ...]:
    """No estimates, for there is nothing to observe."""
    return ()


def _issue_cycles(core: Core, instruction: Instruction, cycles: int) -> int:
    """Cycles for which an instruction keeps others from issuing: those of its row, for each register it moves."""
    if instruction.access is not None:
        return cycles * instruction.access.words
    if _result(instruction) == "float_pair_to_core":
        return core.rules["float_move_pair_to_core"].value
    if instruction.sets_flags and instruction.mnemonic == "mul":
        return core.rules["flag_setting_multiply"].value
    if instruction.sets_flags and instruction.mnemonic != "mov" and shifted_operand(instruction) == "constant":
        return core.rules["flag_setting_shifted_constant"].value
    return cycles


def _result(instruction: Instruction) -> str:
    """Which of _LATENCIES the results of an instruction have."""
    mnemonic, stem = instruction.mnemonic, instruction.mnemonic.partition(".")[0]
    if instruction.access is not None:
        return "float_load" if mnemonic.startswith("v") else "load"
    if stem in ("vmov", "vmrs", "vmsr"):
        return _result_of_move(instruction)
    if mnemonic.startswith("v"):
        return "float_accumulate" if stem in _FLOAT_ACCUMULATES else "float_arithmetic"
    if is_multiply(mnemonic):
        return "multiply"
    if _EXTEND_ADD.fullmatch(mnemonic):
        return "extend_add"
    if _DSP.fullmatch(mnemonic):
        return "dsp"
    return "shifted" if shifted_operand(instruction) else "alu"


def _result_of_move(instruction: Instruction) -> str:
    """Of VMOV, VMRS and VMSR, by the register files that they move between."""
    to_core = instruction.sets_flags or any(name[0] != "s" for name in instruction.writes)
    from_core = any(name[0] != "s" for name in instruction.reads)
    is_pair = "pair_" if len(instruction.reads) + len(instruction.writes) == 4 else ""
    if to_core:
        return f"float_{is_pair}to_core"
    return f"float_{is_pair}from_core" if from_core else "float_arithmetic"


def _reads(instruction: Instruction) -> tuple[int, ...]:
    """Registers read at each of STAGES, as bits."""
    addends, extend_addends = instruction.accumulators, frozenset[str]()
    if instruction.access is not None and not instruction.mnemonic.startswith("v"):
        addends = instruction.reads  # data to store
    elif _EXTEND_ADD.fullmatch(instruction.mnemonic):
        extend_addends = instruction.reads - last_operand(instruction)
    operands = mask((instruction.reads | instruction.address_reads) - addends - extend_addends)
    operands |= mask(instruction.address_reads)
    if instruction.condition != ALWAYS or instruction.mnemonic in _READS_FLAGS:
        operands |= 1 << FLAGS_REGISTER
    if instruction.mnemonic == "vmrs":
        operands |= 1 << FLOAT_STATUS
    return operands, mask(extend_addends), mask(addends)


def _flags_latency(core: Core, instruction: Instruction, kind: str) -> int:
    """Cycles from the last of an instruction until its flags can be read, 0 for one that sets none."""
    if not instruction.sets_flags:
        return 0
    if kind == "float_to_core":
        return core.rules["float_move_to_core_result"].value
    return core.rules["shifted_flags" if shifted_operand(instruction) == "register" else "flags"].value


def _pairs(instruction: Instruction) -> int:
    """What an instruction can be of a pair, as a sum of OLDER and YOUNGER."""
    if instruction.size != 2:
        return 0
    if instruction.mnemonic in ("nop", "it"):
        return OLDER | YOUNGER
    if instruction.branch in ("b", "conditional", "cbz", "bx", "blx"):
        return YOUNGER
    return 0 if instruction.branch else OLDER
