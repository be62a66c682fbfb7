"""Instruction → the stages of a dual-issue pipeline that read its operands, its kind of result, what it pairs with.

What is early is from three sources that agree on nearly all: jnk0le/random's notes (pipeline cycle test, cortex_m7.md,
measured on STM32H743), LLVM's ARMScheduleM7.td, and an unpublished comparison with published latencies of exact
binaries. SXTB, SXTB16 and their kin read late, rotated or not (LLVM; read early, matrix-vector code would be 22 % too
slow).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from mcusim.addressing import addressing
from mcusim.trace import ALWAYS, Instruction

# When a register can be read: by an ALU in the second stage; by a shifter or multiplier in the first; as the addend of
# a multiply-accumulate; as data to store; as an address. For a floating-point register the same five are: operand of
# arithmetic, factor of a multiply-accumulate, its addend, data to store, what is moved to the integer core.
STAGES = ("late", "early", "accumulator", "store", "address")
LATE, EARLY, ACCUMULATOR, STORE_DATA, ADDRESS_STAGE = range(5)

RESULTS = (
    "alu_early", "alu", "extend", "saturate", "multiply", "load_word", "load_narrow", "float_load", "float_arithmetic",
    "float_fused", "float_chained", "float_divide", "float_from_core", "float_to_core",
)  # fmt: skip

# In which slots an instruction may go through the ALU of the first stage.
NEVER, OLDER, EITHER = 0, 1, 2

# What an instruction is, as far as others may not be its pair, and how it may issue.
LOAD, STORE, MULTIPLY, EXTEND, SHIFTED, FLOAT, FUSED, FLOAT_TRANSFER, FLOAT_CONSTANT, JUMP = (1 << n for n in range(10))
ALONE, NOT_YOUNGER = 1, 2

# Registers by number; the last stands for the floating-point multiplier, which is busy behind an accumulation.
FLAGS_REGISTER, MULTIPLIER, REGISTER_COUNT = 16, 49, 50
_NUMBERS = (
    {f"r{number}": number for number in range(13)}
    | {"sp": 13, "lr": 14, "pc": 15}
    | {f"s{number}": 17 + number for number in range(32)}
)
KNOWN_ADDRESS, NO_BASE = 15, -1  # base of a literal load, whose address is known; of one that cannot be compared


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EARLY_ALU = _names("add addw sub subw mov movw adr")
_PLAIN_SHIFTS = _names("lsl lsr asr ror")
_TAKES_SHIFT = _names("mov mvn add adc sub sbc rsb and orr orn eor bic cmp cmn tst teq")
_READS_FLAGS = _names("adc sbc rrx vsel.f32 vsel.f64")
_EXTRACTS_LAST = _names("sxtab sxtah sxtab16 uxtab uxtah uxtab16 bfi pkhbt")
_EXTRACTS = _names("ubfx sbfx rev rev16 revsh rbit pkhtb")
_EXTENDS = _names("sxtb sxth uxtb uxth sxtb16 uxtb16 bfc") | _EXTRACTS_LAST | _EXTRACTS
_DIVIDES = _names("udiv sdiv")
_ALL_EARLY = _EXTRACTS | _DIVIDES | _names("ssat usat ssat16 usat16 qdadd qdsub rrx")
_SATURATES = re.compile(r"[su]sat(16)?|u?q.*|usada?8")
_OTHER_DSP = re.compile(r"(s|u|sh|uh)(add8|add16|sub8|sub16|asx|sax)|sel|clz")
_MULTIPLIES = re.compile(r"mul|ml[as]|[su]mull|umlal|umaal|smul.*|smm.*|smla.*|smls.*|smu[as].*")
_SYSTEM = _names(
    "clrex dmb dsb isb mrs msr cpsid cpsie sev wfe wfi yield dbg csdb tbb tbh strex strexb strexh vmrs vmsr"
)
_CHAINED, _FUSED = _names("vmla vmls vnmla vnmls"), _names("vfma vfms vfnma vfnms")
_FLOAT_DIVIDES = _names("vdiv vsqrt")
_INLINE_SHIFT = re.compile(r"(\w+), (?:(?:lsl|lsr|asr|ror) #\w+|rrx)$")
_CONSTANT = re.compile(r"#(-?\w+)$")
_CORE_REGISTER = re.compile(r"\b(?:r\d+|sp|lr|pc|sb|sl|fp|ip)\b")
_ALIASES = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12"}

# Pairs that never issue together, whichever is the older.
_CLASHES = {
    STORE: STORE,
    MULTIPLY: MULTIPLY | STORE,
    FLOAT: FLOAT,
    FUSED: FLOAT_TRANSFER,
    SHIFTED: SHIFTED | EXTEND,
    FLOAT_CONSTANT: FLOAT_CONSTANT,
    JUMP: JUMP,
}


def mask(names: frozenset[str]) -> int:
    """Registers as bits."""
    bits = 0
    for name in names:
        bits |= 1 << _NUMBERS[name]
    return bits


@cache
def is_multiply(mnemonic: str) -> bool:
    """Whether an instruction goes through the integer multiplier."""
    return _MULTIPLIES.fullmatch(mnemonic) is not None


@cache
def _is_dsp(mnemonic: str) -> bool:
    """Whether it belongs to the DSP extension or works on bits, multiplications apart; CLZ with them."""
    kinds = (_SATURATES, _OTHER_DSP)
    return mnemonic in _EXTENDS or any(kind.fullmatch(mnemonic) for kind in kinds)


def shifted_operand(instruction: Instruction) -> Literal["register", "constant"] | None:
    """What the second operand is if it goes through the shifter first (DDI 0403E, A5.3.2)."""
    if instruction.mnemonic not in _TAKES_SHIFT or instruction.size == 2:
        return None
    if _INLINE_SHIFT.search(instruction.text):
        return "register"
    constant = _CONSTANT.search(instruction.text)
    if constant is None:
        return None
    value = int(constant[1], 0) & 0xFFFFFFFF
    low, next_up = value & 0xFF, value >> 8 & 0xFF
    is_pattern = value in (low, low * 0x00010001, low * 0x01010101, next_up * 0x01000100)
    return None if is_pattern else "constant"


def last_operand(instruction: Instruction) -> frozenset[str]:
    """The core register that an instruction names last: what SXTAB and its kin extract from."""
    return _register(_CORE_REGISTER.findall(instruction.text.partition(" ")[2])[-1])


def is_indirect(instruction: Instruction) -> bool:
    """Whether it branches to an address out of a register or memory."""
    return instruction.branch not in (None, "b", "bl", "conditional", "cbz")


def is_accumulation(instruction: Instruction) -> bool:
    """Whether it is a single-precision multiply-accumulate, which keeps the multiplier busy."""
    return _stem(instruction) in _CHAINED | _FUSED and not _is_double(instruction)


def reads(instruction: Instruction) -> tuple[int, ...]:
    """Registers read at each of STAGES, as bits."""
    masks = [0] * len(STAGES)
    operands = mask(instruction.reads)
    early = mask(_early(instruction))
    accumulators = mask(instruction.accumulators)
    masks[ADDRESS_STAGE] = mask(instruction.address_reads)
    if instruction.access is not None and instruction.access.kind == "store":
        masks[STORE_DATA] = operands
    elif _stem(instruction) == "vmov" and _result_of_move(instruction) == "float_to_core":
        masks[ADDRESS_STAGE] |= operands
    else:
        masks[LATE] = operands & ~early & ~accumulators
        masks[EARLY] = early
        masks[ACCUMULATOR] = accumulators
    if instruction.mnemonic in _READS_FLAGS or (instruction.condition != ALWAYS and instruction.branch is None):
        masks[LATE] |= 1 << FLAGS_REGISTER
    if _waits_for_multiplier(instruction):
        masks[LATE] |= 1 << MULTIPLIER
    return tuple(masks)


def younger_reads(own: int) -> int:
    """Registers, as bits, that must be there for an instruction of these classes to be the younger of a pair."""
    return 1 << MULTIPLIER if own & FLOAT_TRANSFER else 0


def result(instruction: Instruction) -> str:
    """Which of RESULTS an instruction gives, out of the ALU of the second stage where it may use both."""
    mnemonic, stem, access = instruction.mnemonic, _stem(instruction), instruction.access
    if _is_float(instruction):
        return _float_result(instruction, stem)
    if access is not None:
        return "load_narrow" if access.bytes < 4 else "load_word"
    if is_multiply(instruction.mnemonic):
        return "multiply"
    if _SATURATES.fullmatch(mnemonic):
        return "saturate"
    return "extend" if mnemonic in _EXTENDS else "alu"


def early_slots(instruction: Instruction) -> int:
    """In which slots it goes through the ALU of the first stage, if its operands are there: NEVER, OLDER, EITHER."""
    if instruction.mnemonic in _PLAIN_SHIFTS:
        return EITHER
    return OLDER if instruction.mnemonic in _EARLY_ALU and not _is_shifted(instruction) else NEVER


def classes(instruction: Instruction) -> int:
    """What an instruction is, as a sum of classes."""
    access, stem = instruction.access, _stem(instruction)
    found = JUMP if instruction.branch is not None else 0
    if access is not None:
        found |= LOAD if access.kind == "load" else STORE
        return found | (FLOAT_TRANSFER if _is_float(instruction) else 0)
    if stem == "vmov":
        return FLOAT_TRANSFER | (0 if instruction.reads else FLOAT_CONSTANT)
    if _is_float(instruction):
        return FLOAT | (FUSED if stem in _CHAINED | _FUSED else 0)
    if is_multiply(instruction.mnemonic):
        return MULTIPLY
    if instruction.mnemonic in _EXTENDS:
        return EXTEND
    return found | (SHIFTED if _is_shifted(instruction) else 0)


def clashes(instruction: Instruction, own: int) -> int:
    """Classes that cannot be in a pair with an instruction of classes `own`; those of the other one count as well."""
    found = LOAD | STORE if own & FUSED and _is_double(instruction) else 0
    for kind, others in _CLASHES.items():
        if own & kind:
            found |= others
    return found


def issues(instruction: Instruction) -> int:
    """Whether an instruction issues ALONE, or only as the older of a pair (NOT_YOUNGER); 0 for neither."""
    mnemonic, access = instruction.mnemonic, instruction.access
    is_pair = mnemonic.startswith("vmov") and len(instruction.reads) + len(instruction.writes) == 4
    if access is not None and (access.multiple or (_is_float(instruction) and access.words > 1)):
        return ALONE
    if mnemonic in _DIVIDES | _SYSTEM or _stem(instruction) in _FLOAT_DIVIDES:
        return ALONE
    if is_pair and not mnemonic.endswith(".f64"):
        return ALONE
    only_older = _is_dsp(mnemonic) or mnemonic.startswith(("ldrex", "vsel")) or _is_double(instruction)
    return NOT_YOUNGER if only_older else 0


def place(instruction: Instruction) -> tuple[int, int]:
    """Number of the base register and offset of a single access in bytes, for comparison with another's."""
    where = addressing(instruction)
    if where is None or where.index is not None or issues(instruction) & ALONE:
        return NO_BASE, 0
    return (KNOWN_ADDRESS if where.base is None else where.base), where.offset


def _stem(instruction: Instruction) -> str:
    return instruction.mnemonic.partition(".")[0]


def _is_float(instruction: Instruction) -> bool:
    return instruction.mnemonic.startswith("v")


def _is_double(instruction: Instruction) -> bool:
    return ".f64" in instruction.mnemonic


def _early(instruction: Instruction) -> frozenset[str]:
    """Operands that are read in the first stage."""
    if is_multiply(instruction.mnemonic) or _stem(instruction) in _CHAINED | _FUSED:
        return instruction.reads - instruction.accumulators
    if instruction.mnemonic in _ALL_EARLY:
        return instruction.reads
    if instruction.mnemonic in _EXTRACTS_LAST:
        return last_operand(instruction)
    operands = instruction.text.partition(" ")[2]
    shifted = _INLINE_SHIFT.search(operands) if instruction.mnemonic in _TAKES_SHIFT else None
    return _register(shifted[1]) if shifted else frozenset()


def _register(name: str) -> frozenset[str]:
    return frozenset({_ALIASES.get(name, name)})


def _is_shifted(instruction: Instruction) -> bool:
    return shifted_operand(instruction) is not None


def _float_result(instruction: Instruction, stem: str) -> str:
    if instruction.access is not None:
        return "float_load"
    if stem in _CHAINED:
        return "float_chained"
    if stem in _FUSED:
        return "float_fused"
    if stem in _FLOAT_DIVIDES:
        return "float_divide"
    return _result_of_move(instruction) if stem in ("vmov", "vmrs", "vmsr") else "float_arithmetic"


def _result_of_move(instruction: Instruction) -> str:
    """Of VMOV between the register files, VMRS and VMSR."""
    if any(_CORE_REGISTER.fullmatch(name) for name in instruction.writes):
        return "float_to_core"
    is_from_core = any(_CORE_REGISTER.fullmatch(name) for name in instruction.reads)
    return "float_from_core" if is_from_core else "float_arithmetic"


def _waits_for_multiplier(instruction: Instruction) -> bool:
    """Whether it cannot issue while the multiplier is busy (jnk0le/random, measured on STM32H743)."""
    if not _is_float(instruction):
        return False
    if instruction.access is not None:
        return bool(issues(instruction) & ALONE)
    return _stem(instruction) in ("vadd", "vsub") or bool(classes(instruction) & FLOAT_CONSTANT)
