"""The decoder against a table of assembled instructions, and against what Unicorn does when it executes them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_APSR,
    UC_ARM_REG_APSR_NZCVQG,
    UC_ARM_REG_FPSCR,
    UC_ARM_REG_R0,
    UC_ARM_REG_S0,
    UC_CPU_ARM_CORTEX_M4,
    UC_CPU_ARM_CORTEX_M7,
)

from mcusim.decoder import decode
from mcusim.errors import EmulationError
from mcusim.extensions import lacking_extension
from mcusim.hardware import load_core
from mcusim.trace import Access, Instruction

# Bytes as GNU as 2.40 assembled them; the text as Capstone prints it; the fields as the Architecture Reference Manuals
# of ARMv7-M (DDI 0403E, A7.7) and ARMv8-M (DDI 0553B, C2.4) describe the operands of each form.
ROWS = (Path(__file__).parent / "thumb_instructions.tsv").read_text(encoding="utf-8").splitlines()


def _expected(row: str, address: int) -> Instruction:
    code, text, mnemonic, *fields = row.split("\t")
    named = dict(field.split("=", 1) for field in fields if "=" in field)

    def registers(name: str) -> frozenset[str]:
        return frozenset(named.get(name, "").split())

    access = None
    if "access" in named:
        kind, size, words, offset, mode, grouping = named["access"].split()
        access = Access(kind, int(size), int(words), offset, mode, grouping == "multiple")  # type: ignore[arg-type]
    return Instruction(
        address=address,
        size=len(code) // 2,
        mnemonic=mnemonic,
        text=text,
        condition=named.get("condition", "al"),
        in_it_block=False,
        reads=registers("reads"),
        address_reads=registers("address"),
        accumulators=registers("accumulators"),
        writes=registers("writes"),
        base_writeback=named.get("writeback"),
        access=access,
        branch=named.get("branch"),  # type: ignore[arg-type]
        sets_flags="flags" in fields,
    )


def _with_branch_target(row: str, address: int) -> str:
    """Capstone prints absolute targets; the table was assembled at 0."""
    code, text, *rest = row.split("\t")
    if "\tbranch=" in row and " #" in text and "[" not in text:
        start, _, target = text.rpartition("#")
        text = f"{start}#{int(target, 0) + address:#x}"
    return "\t".join([code, text, *rest])


def test_every_form_decodes_to_the_fields_of_the_architecture_manual() -> None:
    address = 0x08000100
    for row in ROWS:
        (instruction,) = decode(bytes.fromhex(row.split("\t")[0]), address)
        assert instruction == _expected(_with_branch_target(row, address), address), row


def test_the_table_covers_the_instruction_set() -> None:
    assert len(ROWS) > 750
    assert len({row.split("\t")[0] for row in ROWS}) == len(ROWS)


# --- IT blocks -------------------------------------------------------------------------------------------------


def test_it_block_gives_conditions_and_strips_them_from_mnemonics() -> None:
    # ittee ls; mulls r0, r1, r0; smlalls r2, r3, r4, r5; ldrhhi r0, [r1]; addhi r0, r1; muls r0, r1, r0; bls .+4
    code = bytes.fromhex("99bf 4843 c4fb0523 0888 4018 4843 00d9".replace(" ", ""))
    decoded = decode(code, 0)
    assert [(i.mnemonic, i.condition, i.in_it_block, i.sets_flags) for i in decoded] == [
        ("it", "al", False, False),
        ("mul", "ls", True, False),
        ("smlal", "ls", True, False),
        ("ldrh", "hi", True, False),
        ("add", "hi", True, False),
        ("mul", "al", False, True),
        ("b", "ls", False, False),
    ]
    assert decoded[0].text == "ittee ls"


@pytest.mark.parametrize(
    ("code", "mnemonic", "condition", "kind"),
    [
        ("c4bf 00bf 7047", "bx", "gt", "bx"),  # itt gt; nopgt; bxgt lr
        ("d8bf 00e0", "b", "le", "conditional"),  # it le; b .+4
        ("b8bf fff7feff", "bl", "lt", "bl"),  # it lt; bl .
        ("08bf 10bd", "pop", "eq", "pop_pc"),  # it eq; popeq {r4, pc}
        ("08bf b0ee601a", "vmov.f32", "eq", None),  # it eq; vmoveq.f32 s2, s1
        ("28bf 5840", "eor", "hs", None),  # it hs; eorhs r0, r3
        ("08bf 00be", "bkpt", "al", None),  # a BKPT in an IT block is not predicated
    ],
)
def test_last_instruction_of_an_it_block(code: str, mnemonic: str, condition: str, kind: str | None) -> None:
    last = decode(bytes.fromhex(code.replace(" ", "")), 0)[-1]
    assert (last.mnemonic, last.condition, last.in_it_block, last.branch) == (mnemonic, condition, True, kind)


def test_one_run_does_not_leak_its_it_state_into_the_next() -> None:
    decode(bytes.fromhex("04bf"), 0)  # itt eq, cut off
    (instruction,) = decode(bytes.fromhex("4018"), 0)
    assert (instruction.text, instruction.condition) == ("adds r0, r0, r1", "al")


# --- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "address", "named"),
    [
        ("00bf ffffffff", 0x08000000, "ff ff ff ff at 0x08000002"),
        ("00bf 2de9", 0x20000010, "2d e9 at 0x20000012"),  # the first half of a PUSH.W
        ("00", 0, "00 at 0x00000000"),
    ],
)
def test_bytes_that_are_no_instruction_are_named(code: str, address: int, named: str) -> None:
    with pytest.raises(EmulationError, match=named):
        decode(bytes.fromhex(code.replace(" ", "")), address)


def test_no_bytes_are_no_instructions() -> None:
    assert decode(b"", 0x8000) == ()


# --- differential against execution ----------------------------------------------------------------------------

CODE, DATA, SIZE = 0x10000, 0x20000000, 0x10000
CORE_REGISTERS = {f"r{number}": UC_ARM_REG_R0 + number for number in range(13)}
FLOAT_REGISTERS = {f"s{number}": UC_ARM_REG_S0 + number for number in range(10, 16)}
REGISTERS = CORE_REGISTERS | FLOAT_REGISTERS
Executor = Callable[[bytes, Mapping[str, int]], dict[str, int]]


@pytest.fixture(scope="module")
def execute_on_m4() -> Executor:
    return _executor(UC_CPU_ARM_CORTEX_M4)


@pytest.fixture(scope="module")
def execute_on_m7() -> Executor:
    return _executor(UC_CPU_ARM_CORTEX_M7)


def _executor(model: int) -> Executor:
    """Runs one register-only instruction on a CPU model of Unicorn; registers in, registers and flags out."""
    machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    machine.ctl_set_cpu_model(model)
    machine.mem_map(CODE, SIZE)

    def run(code: bytes, state: Mapping[str, int]) -> dict[str, int]:
        machine.ctl_remove_cache(CODE, CODE + 8)
        machine.mem_write(CODE, code)
        machine.reg_write(UC_ARM_REG_APSR_NZCVQG, 0x000A0000)  # GE = 1010, so that SEL takes bytes of both sources
        machine.reg_write(UC_ARM_REG_FPSCR, 0)
        for name, value in state.items():
            machine.reg_write(REGISTERS[name], value)
        machine.emu_start(CODE | 1, CODE + len(code), count=1)
        after = {name: machine.reg_read(register) for name, register in REGISTERS.items()}
        after["flags"] = machine.reg_read(UC_ARM_REG_APSR)
        after["floating-point flags"] = machine.reg_read(UC_ARM_REG_FPSCR)
        return after

    return run


def _patterns() -> list[dict[str, int]]:
    """Register contents: normal floats of either sign with mixed bits in every byte, and small integers."""
    mixed = [0x3F000000 + index * 0x9E3779B1 % 0x00FFFFFF for index in range(len(REGISTERS))]
    alternating = [value ^ 0x80000000 * (index % 2) for index, value in enumerate(mixed)]
    small = list(range(5, 5 + len(REGISTERS)))
    floats = [0x40400000 + 0x80000 * index for index in range(len(REGISTERS))]  # 3.0, 3.125, …
    generator = random.Random(1)
    anything = [generator.getrandbits(32) for _ in REGISTERS]
    small_addends = small[:8] + [0x80000000 | value for value in anything[8:9]] + [1 << 16] * (len(REGISTERS) - 9)
    contents = (
        anything,
        small_addends,
        alternating,
        mixed,
        small,
        [~value for value in small],
        floats,
        [0] * len(REGISTERS),
    )
    return [dict(zip(REGISTERS, values, strict=True)) for values in contents]


SYSTEM = frozenset(
    {"bkpt", "clrex", "cpsid", "cpsie", "dmb", "dsb", "isb", "mrs", "msr", "sev", "svc", "udf", "vmrs", "vmsr"}
    | {"wfe", "wfi", "yield", "csdb", "dbg", "sg", "tt", "ttt", "tta", "ttat"}
    | {"mcr", "mcr2", "mrc", "mrc2", "mcrr", "mcrr2", "mrrc", "mrrc2", "cdp", "cdp2"}
    | {"vsel.f32", "vsel.f64"}  # the flags, which are the same in every run, choose one of the operands
)


def _is_register_only(row: str) -> bool:
    _, text, mnemonic, *fields = row.split("\t")
    touches_memory_or_pc = {"access", "branch", "address"} & {field.split("=")[0] for field in fields}
    special_operands = {"sp", "pc", "lr"} & set(text.replace(",", " ").split())
    return not (touches_memory_or_pc or special_operands or mnemonic in SYSTEM)


EXECUTABLE = [row for row in ROWS if _is_register_only(row)]


ON_M4 = [row for row in EXECUTABLE if lacking_extension(load_core("cortex_m4"), row.split("\t")[2]) is None]
ON_M7 = [row for row in EXECUTABLE if row not in ON_M4]
PARTS = 8  # of the rows: processes share them


@pytest.mark.parametrize("part", range(PARTS))
def test_reads_and_writes_are_those_that_execution_shows(part: int, execute_on_m4: Executor) -> None:
    for row in ON_M4[part::PARTS]:
        _check_reads_and_writes(row, execute_on_m4)


def test_reads_and_writes_of_what_only_cortex_m7_has(execute_on_m7: Executor) -> None:
    """Double precision and FPv5."""
    for row in ON_M7:
        _check_reads_and_writes(row, execute_on_m7)


def _check_reads_and_writes(row: str, execute: Executor) -> None:
    """Exactly `writes` changes, and exactly `reads` influences results and flags."""
    code = bytes.fromhex(row.split("\t")[0])
    (instruction,) = decode(code, CODE)
    # No integer instruction can read a floating-point register, and trying takes most of the time.
    flipping = (REGISTERS if instruction.mnemonic.startswith("v") else CORE_REGISTERS).keys()
    changed: set[str] = set()
    influential: set[str] = set()
    for state in _patterns():
        after = execute(code, state)
        changed |= _changed(after, state)
        for name in flipping - influential:
            for flip in FLIPS if name in instruction.reads else FLIPS[:1]:
                flipped = state | {name: state[name] ^ flip}
                outcome = execute(code, flipped)
                changed |= _changed(outcome, flipped)
                if _differs(outcome, after, name, changed):
                    influential.add(name)
                    break
    assert changed == instruction.writes, row
    assert influential == instruction.reads, row


FLIPS = (0x80000001, 0x00010100, 0x3F0000F0, 0x40000000, 0x80000000, 0xFFFFFFFF, 0x20)


def _changed(after: Mapping[str, int], before: Mapping[str, int]) -> set[str]:
    return {name for name in REGISTERS if after[name] != before[name] & 0xFFFFFFFF}


def _differs(one: Mapping[str, int], other: Mapping[str, int], flipped: str, results: set[str]) -> bool:
    """Whether an outcome beside the flipped register itself differs, or that one too if it is a result."""
    return any(one[name] != other[name] for name in one if name != flipped or name in results)
