"""Thumb code bytes → decoded Instructions, with what each reads, writes, accesses and where it branches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

import capstone

from mcusim.errors import EmulationError
from mcusim.trace import ALWAYS, Access, BranchKind, Instruction


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INVERSE = {
    "eq": "ne", "hs": "lo", "mi": "pl", "vs": "vc", "hi": "ls", "ge": "lt", "gt": "le",
    "ne": "eq", "lo": "hs", "pl": "mi", "vc": "vs", "ls": "hi", "lt": "ge", "le": "gt",
    ALWAYS: ALWAYS,
}  # fmt: skip
_CONDITIONAL_BRANCHES = {"b" + condition: condition for condition in _INVERSE if condition != ALWAYS}
_SELECTS = _names("vseleq vselge vselgt vselvs")

# Instructions whose Thumb encodings have a flag-setting form, written with a final "s" (DDI 0403E, A7.7).
_FLAG_SETTERS = _names("adc add and asr bic eor lsl lsr mov mul mvn orn orr ror rrx rsb sbc sub")
_COMPARES = _names("cmp cmn tst teq")

# How the operands of an instruction without memory access split into results and sources; one result else.
_NO_RESULT = _COMPARES | _names("vcmp vcmpe msr vmsr mcr mcr2 mcrr mcrr2 cdp cdp2")
_TWO_RESULTS = _names("smull umull")
# Written with the coprocessor and its operation before the core registers.
_FROM_COPROCESSOR = {"mrc": 1, "mrc2": 1, "mrrc": 2, "mrrc2": 2}
_COPROCESSOR_TRANSFERS = _names("ldc ldcl ldc2 ldc2l stc stcl stc2 stc2l")
_LONG_ACCUMULATE = _names("smlal umlal umaal smlalbb smlalbt smlaltb smlaltt smlald smlaldx smlsld smlsldx")
_ACCUMULATE = _names(
    "mla mls smlabb smlabt smlatb smlatt smlawb smlawt smlad smladx smlsd smlsdx smmla smmlar smmls smmlsr usada8"
)
_ACCUMULATE_RESULT = _names("vmla vmls vnmla vnmls vfma vfms vfnma vfnms")
_KEEPS_PART_OF_RESULT = _names("bfi bfc movt vcvtb.f16.f32 vcvtt.f16.f32 vcvtb.f16.f64 vcvtt.f16.f64")
# Written with two operands where the result is also the first source ("add r0, r1").
_TWO_OPERAND_FORM = _names("adc add addw and asr bic eor lsl lsr mul orn orr ror sbc sub subw")

_REGISTER_BRANCHES: dict[str, BranchKind] = {
    "bx": "bx", "bxns": "bx", "blx": "blx", "blxns": "blx", "cbz": "cbz", "cbnz": "cbz",
}  # fmt: skip
# Which operand may be the flags as a whole: "vmrs apsr_nzcv, fpscr", "msr apsr_nzcvq, r0".
_MAY_SET_FLAGS = {"vmrs": 0, "mrc": 2, "mrc2": 2, "msr": 0}
# VLSTM only keeps a place for the registers by default, and VLLDM then only gives it back (lazy preservation).
_LAZY_FLOAT_CONTEXT = _names("vlldm vlstm")

_TRANSFER = re.compile(r"(v?)(ldr|str|lda|stl)(ex)?(d|sb|sh|b|h)?(t?)")
_MULTIPLE = re.compile(r"(v?)(ld|st)m(ia|db|ea|fd)?|(v?)(push|pop)|f(ld|st)m(ia|db)x")
_TRANSFER_BYTES = {"d": 8, "sb": 1, "sh": 2, "b": 1, "h": 2}
_REGISTER = re.compile(r"\b(?:r\d+|s\d+|d\d+(?:\[[01]\])?|sp|lr|pc|sb|sl|fp|ip)(?!\w)")
_ALIASES = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12"}
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Operation:
    """What a mnemonic with its operands does, wherever it lies."""

    reads: frozenset[str] = _NONE
    address_reads: frozenset[str] = _NONE
    accumulators: frozenset[str] = _NONE
    writes: frozenset[str] = _NONE
    base_writeback: str | None = None
    access: Access | None = None
    branch: BranchKind | None = None


def decode(code: bytes, address: int) -> tuple[Instruction, ...]:
    """Decode a run of Thumb code (ARMv6-M, ARMv7-M, ARMv8-M, FPv5) that lies at `address` and splits no IT block.

    The condition of an unconditional instruction is "al". What a core has of these mcusim.extensions tells. Raises
    EmulationError at bytes that are no such instruction.
    """
    instructions = []
    pending: list[str] = []  # conditions of the rest of the IT block
    at = address
    for start, size, name, operands in _disassembler().disasm_lite(code, address):
        in_it_block = bool(pending)
        condition = pending.pop(0) if pending else ALWAYS
        base, suffix_condition, sets_flags = _split(name, condition)
        if suffix_condition != ALWAYS:
            condition = suffix_condition
        if base == "it":
            pending = _it_conditions(name, operands)
        elif base == "bkpt":
            condition = ALWAYS  # executes whatever the condition (DDI 0403E, A7.7.17)
        operation = _operation(base, operands, condition != ALWAYS)
        instructions.append(
            Instruction(
                start,
                size,
                base,
                f"{name} {operands}" if operands else name,
                condition,
                in_it_block,
                operation.reads,
                operation.address_reads,
                operation.accumulators,
                operation.writes,
                operation.base_writeback,
                operation.access,
                operation.branch,
                sets_flags or (base in _MAY_SET_FLAGS and _names_flags(base, operands)),
            )
        )
        at = start + size
    if at != address + len(code):
        rest = code[at - address :][:4]
        raise EmulationError(f"the bytes {rest.hex(' ')} at {at:#010x} are no instruction of ARMv6-M to ARMv8-M")
    return tuple(instructions)


@cache
def _disassembler() -> capstone.Cs:
    """The one Capstone handle: making one costs as much as decoding forty instructions.

    CS_MODE_V8 adds no instruction of a Cortex-M to these modes and takes the coprocessor ones away.
    """
    return capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)


@lru_cache(maxsize=4096)
def _split(name: str, it_condition: str) -> tuple[str, str, bool]:
    """Base mnemonic, condition in the name, and whether it sets flags: "addseq.w" → "add", "eq", True.

    Only branches carry a condition outside an IT block, and inside one all do, so that "bls", "muls" and
    "smlal" are not ambiguous.
    """
    stem, dot, data_type = name.partition(".")
    if data_type in ("w", "n"):
        dot = data_type = ""
    if it_condition != ALWAYS:
        stem = stem.removesuffix(it_condition)
    elif stem in _CONDITIONAL_BRANCHES:
        return "b", _CONDITIONAL_BRANCHES[stem], False
    if stem[:2] == "it" and not stem[2:].strip("te"):
        return "it", ALWAYS, False
    if stem in _COMPARES:
        return stem, it_condition, True
    if stem in _SELECTS:  # always executes: the condition chooses between the operands
        return f"vsel.{data_type}", it_condition, False
    if stem[-1] == "s" and stem[:-1] in _FLAG_SETTERS:
        return stem[:-1], it_condition, True
    return stem + dot + data_type, it_condition, False


def _it_conditions(name: str, condition: str) -> list[str]:
    """Conditions of the instructions that an IT covers: "itte", "ne" → ne, ne, eq."""
    return [condition] + [condition if letter == "t" else _INVERSE[condition] for letter in name[2:]]


@lru_cache(maxsize=65536)
def _operation(base: str, operands: str, conditional: bool) -> _Operation:
    stem = base.partition(".")[0]
    if stem in ("tbb", "tbh"):
        access = Access("load", 1 if stem == "tbb" else 2, 1, "register", "offset", False)
        return _Operation(address_reads=_registers(operands), access=access, branch="table")
    if stem in ("pld", "pli") or stem in _LAZY_FLOAT_CONTEXT:
        return _Operation(address_reads=_registers(operands))
    if stem in _COPROCESSOR_TRANSFERS:
        return _coprocessor_transfer(operands)
    if match := _MULTIPLE.fullmatch(stem):
        return _multiple(stem, operands, is_load=match[2] == "ld" or match[5] == "pop" or match[6] == "ld")
    if match := _TRANSFER.fullmatch(stem):
        return _transfer(match, operands)
    return _register_operation(base, stem, operands, conditional)


def _register_operation(base: str, stem: str, operands: str, conditional: bool) -> _Operation:
    """Everything that accesses no memory."""
    if stem in ("b", "bl"):
        kind: BranchKind = "bl" if stem == "bl" else "conditional" if conditional else "b"
        return _Operation(writes=frozenset({"lr"}) if stem == "bl" else _NONE, branch=kind)
    fields = [_registers(field) for field in operands.split(",")]
    if stem in _REGISTER_BRANCHES:
        kind = _REGISTER_BRANCHES[stem]
        return _Operation(fields[0], writes=frozenset({"lr"}) if kind == "blx" else _NONE, branch=kind)
    if stem in _FROM_COPROCESSOR:
        return _Operation(writes=_NONE.union(*fields[2 : 2 + _FROM_COPROCESSOR[stem]]))
    results = 1
    accumulators = _NONE
    if stem in _NO_RESULT:
        results = 0
    elif stem in _TWO_RESULTS:
        results = 2
    elif stem in _LONG_ACCUMULATE:
        results = 2
        accumulators = fields[0] | fields[1]
    elif stem in _ACCUMULATE:
        accumulators = fields[3]
    elif stem in _ACCUMULATE_RESULT:
        accumulators = fields[0]
    elif stem == "vmov" and _moves_to_pair(fields):
        results = 2
    elif base.startswith("vcvt.f64.") and "#" in operands:  # a fixed-point number, in the low half
        fields[1] = frozenset(name for name in fields[1] if int(name[1:]) % 2 == 0)
    writes = _NONE.union(*fields[:results])
    reads = accumulators.union(*fields[results:])
    if base in _KEEPS_PART_OF_RESULT or (stem in _TWO_OPERAND_FORM and _operand_count(operands) == 2):
        reads |= writes
    return _Operation(reads, _NONE, accumulators, writes, branch="alu_pc" if "pc" in writes else None)


def _operand_count(operands: str) -> int:
    """Operands without a shift: "r0, r1, lsl #2" has two."""
    return len(re.sub(r", (lsl|lsr|asr|ror) \S+$|, rrx$", "", operands).split(","))


def _moves_to_pair(fields: list[frozenset[str]]) -> bool:
    """Whether a VMOV has two results: four operands, or two core registers and one D register."""
    return len(fields) == 4 or (len(fields) == 3 and len(fields[2]) == 2)


def _transfer(match: re.Match[str], operands: str) -> _Operation:
    """LDR, STR and their sized, exclusive, ordered, unprivileged, dual and VFP forms."""
    is_vfp, is_load, width = bool(match[1]), match[2] in ("ldr", "lda"), match[4]
    before, _, rest = operands.partition("[")
    inside, _, after = rest.partition("]")
    address_reads = _registers(inside)
    transferred = before.split(",")[:-1]
    status = _NONE
    if match[3] and not is_load:  # STREX and STLEX write their status
        status = _registers(transferred.pop(0))
    registers = _NONE.union(*(_registers(field) for field in transferred))
    base = next(iter(_registers(inside.split(",")[0])))
    writeback = after != ""
    index = _registers(inside.partition(",")[2])
    offset: Literal["immediate", "register", "literal"] = "register" if index else "immediate"
    if base == "pc":
        offset = "literal"
    words = len(registers) if is_vfp else len(transferred)
    access = Access(
        kind="load" if is_load else "store",
        bytes=4 * words if is_vfp else _TRANSFER_BYTES.get(width or "", 4),
        words=words,
        offset=offset,
        mode="offset" if not writeback else "pre" if after == "!" else "post",
        multiple=width == "d",
    )
    return _Operation(
        reads=_NONE if is_load else registers,
        address_reads=address_reads,
        writes=registers if is_load else status,
        base_writeback=base if writeback else None,
        access=access,
        branch="load_pc" if is_load and "pc" in registers else None,
    )


def _multiple(stem: str, operands: str, is_load: bool) -> _Operation:
    """LDM, STM, PUSH, POP and their VFP forms."""
    before, _, rest = operands.partition("{")
    registers = _registers(rest)
    is_stack = stem.endswith(("push", "pop"))
    base = "sp" if is_stack else next(iter(_registers(before)))
    writeback = is_stack or "!" in before
    descending = stem.endswith(("push", "db", "dbx"))
    words = len(registers) + stem.endswith("x")  # FLDMX and FSTMX move a word more (DDI 0403E, VLDM)
    access = Access(
        kind="load" if is_load else "store",
        bytes=4 * words,
        words=words,
        offset="immediate",
        mode="offset" if not writeback else "pre" if descending else "post",
        multiple=True,
    )
    return _Operation(
        reads=_NONE if is_load else registers,
        address_reads=frozenset({base}),
        writes=registers if is_load else _NONE,
        base_writeback=base if writeback else None,
        access=access,
        branch="pop_pc" if is_load and "pc" in registers else None,
    )


def _coprocessor_transfer(operands: str) -> _Operation:
    """LDC and STC, whose access is as long as the coprocessor decides, so that none is told."""
    inside, _, after = operands.partition("[")[2].partition("]")
    base = next(iter(_registers(inside)))
    return _Operation(address_reads=frozenset({base}), base_writeback=base if after and "{" not in after else None)


def _names_flags(base: str, operands: str) -> bool:
    """Whether the destination of a move to a special or core register is the flags."""
    return "psr_nzcv" in operands.split(", ")[_MAY_SET_FLAGS[base]]


@lru_cache(maxsize=4096)
def _registers(text: str) -> frozenset[str]:
    """Registers named in a piece of assembly; r9-r12 by number, a D register as its two S registers or one of them."""
    found: set[str] = set()
    for name in _REGISTER.findall(text):
        if name[0] == "d":
            number, _, half = name[1:].partition("[")
            first = 2 * int(number)
            found.update(f"s{first + one}" for one in ((0, 1) if not half else (int(half[0]),)))
        else:
            found.add(_ALIASES.get(name, name))
    return frozenset(found)
