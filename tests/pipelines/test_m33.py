"""The Cortex-M33 pipeline: one row a rule on straight-line code, then branches, outcomes, causality and refusals."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcusim.decoder import decode
from mcusim.errors import UnsupportedError
from mcusim.hardware import Core, Rule, load_board, load_core
from mcusim.pipelines import m33
from mcusim.trace import CAUSES, Block, Trace

CORE = load_core("cortex_m33")
START = 0x08000000
REFILL = len(CAUSES)
ROWS = [line.split("\t") for line in (Path(__file__).parent / "m33_rules.tsv").read_text(encoding="utf-8").splitlines()]


def block(code: str, address: int = START) -> Block:
    data = bytes.fromhex(code.replace(" ", ""))
    return Block(address, len(data), "f", decode(data, address))


def walk(
    blocks: Sequence[Block], taken: Sequence[bool] = (), failed: Sequence[int] = (), core: Core = CORE
) -> NDArray[np.int64]:
    """Cycles of blocks one behind the other, for each instruction.

    `taken` tells of each but the last whether it ends by a taken branch; `failed` are the instructions, by number,
    whose condition fails.
    """
    rows = np.array([m33.facts(core, one, "f") for each in blocks for one in each.instructions], np.int64)
    leaves = np.zeros(len(rows), np.int64)
    ends = np.cumsum([len(each.instructions) for each in blocks]) - 1
    leaves[ends[: len(taken)]] = taken
    passes = np.ones(len(rows), np.int64)
    passes[list(failed)] = 0
    cycles = np.full((len(rows), REFILL + 1), -1, np.int64)
    m33.walk(rows, leaves, passes, m33.rules(core), cycles)
    return cycles


def causes(cycles: NDArray[np.int64]) -> dict[str, int]:
    return {cause: int(cycles[:, k].sum()) for k, cause in enumerate(CAUSES) if cycles[:, k].sum()}


# --- one row a rule: name, assembly, bytes, cycles by cause, source -----------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_rule(row: list[str]) -> None:
    _, assembly, code, expected, source = row
    straight = block(code)
    assert "; ".join(instruction.text for instruction in straight.instructions) == assembly
    assert source
    assert causes(walk([straight])) == {name: int(value) for name, value in (f.split("=") for f in expected.split())}


def test_rules_have_names_of_their_own() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS) > 90


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_where_code_lies_changes_nothing(row: list[str]) -> None:
    """No alignment rule earned its place (unpublished comparison with published latencies)."""
    assert (walk([block(row[2])]) == walk([block(row[2], START + 2)])).all()


# --- branches -----------------------------------------------------------------------------------------------------

# name, bytes, assembly, refill: the slot of the branch apart
BRANCHES = [
    ("b", "00e0", "b #0x8000004", 1),
    ("b_wide", "00f000b8", "b.w #0x8000004", 1),
    ("bl", "00f002f8", "bl #0x8000008", 1),
    ("beq", "00d0", "beq #0x8000004", 1),
    ("cbz", "08b1", "cbz r0, #0x8000006", 1),
    ("bx", "7047", "bx lr", 2),
    ("bxns", "7447", "bxns lr", 2),
    ("blx", "9847", "blx r3", 2),
    ("mov_pc", "9f46", "mov pc, r3", 2),
    ("pop_pc", "10bd", "pop {r4, pc}", 3),
    ("ldm_pc", "b0e80280", "ldm.w r0!, {r1, pc}", 3),
    ("ldr_pc", "d0f800f0", "ldr.w pc, [r0]", 3),
    ("tbb", "dfe800f0", "tbb [pc, r0]", 3),
    ("tbh", "dfe810f0", "tbh [pc, r0, lsl #1]", 3),
]


@pytest.mark.parametrize(("name", "code", "assembly", "refill"), BRANCHES, ids=[row[0] for row in BRANCHES])
def test_taken_branch(name: str, code: str, assembly: str, refill: int) -> None:
    """Unpublished comparison with published latencies: B and BL 1, BX and indirect 2, POP to PC 3 behind the load."""
    branch, target = block(code), block("00bf", START + 0x40)
    assert branch.instructions[0].text == assembly
    cycles = walk([branch, target], [True])
    words = branch.instructions[0].access.words if branch.instructions[0].access else 1
    assert cycles[0, :REFILL].sum() == words
    assert cycles[1].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, refill]


def iteration(loop: Block, times: int = 8) -> float:
    """Cycles of each iteration of a loop once it runs."""
    cycles = walk([loop] * times, [True] * (times - 1))
    return float(cycles[len(loop.instructions) * 2 :].sum()) / (times - 2)


@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        ("7f1e fdd1", 3),  # subs r7, r7, #1; bne: 1 + 2
        ("7f1e 0844 fcd1", 3),  # subs; add r0, r1; bne: 1 + 1 + 1
        ("7f1e 00eb0100 fbd1", 4),  # subs; add.w r0, r0, r1; bne: 1 + 1 + 2
        ("7f1e 0fce fcd1", 6),  # subs; ldm r6!, {r0-r3}; bne: 1 + 4 + 1
        ("b7f10107 fcd1", 3),  # subs.w r7, r7, #1; bne: 1 + 2
    ],
)
def test_loops_of_the_measured_notes(code: str, cycles: int) -> None:
    """jnk0le/random, cortex_m33.md, measured on RP2350: the branch 2 taken, 1 behind 16 bits that set no flags."""
    assert iteration(block(code)) == cycles


def test_a_call_and_its_return() -> None:
    """BL 2, BX 1 + 2, or none + 2 as the younger of a pair."""
    call, body, behind = block("00f002f8"), block("0846 7047", START + 8), block("00bf", START + 4)
    assert walk([call, body, behind], [True, True]).sum() == (1 + 1) + (1 + 0 + 2) + 1


def test_nothing_pairs_over_a_taken_branch() -> None:
    cycles = walk([block("00e0"), block("00bf", START + 4)], [True])
    assert cycles[1, 0] == 1


def test_a_page_split_changes_nothing() -> None:
    whole = block("0868 00bf 4018 08bf 1046 8042 00d0")  # ldr, nop, adds, it, moveq, cmp, beq
    head, tail = block("0868"), block("00bf 4018 08bf 1046 8042 00d0", START + 2)
    assert (walk([whole]) == walk([head, tail], [False])).all()


# --- conditions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "passed", "failed"),
    [
        ("08bf 11f5fe60", 3, 2),  # it eq; addseq.w r0, r1, #0x7f0: 2 or 1
        ("08bf 01ebf250 1844", 4, 3),  # it eq; addeq.w r0, r1, r2, ror #23; add r0, r3: 1, then 2 or 1
        ("08bf 0868 4018", 4, 3),  # it eq; ldreq r0, [r1]; adds r0, r0, r1
        ("08bf 0fce 4018", 7, 3),  # it eq; ldmeq r6!, {r0-r3}; adds r0, r0, r1
        ("08bf b1fbf2f0 4018", 9, 3),  # it eq; udiveq r0, r1, r2; adds r0, r0, r1
    ],
)
def test_an_instruction_whose_condition_fails_takes_one_cycle_and_no_hazard(
    code: str, passed: int, failed: int
) -> None:
    """jnk0le/random, cortex_m33.md, measured on RP2350."""
    assert walk([block(code)]).sum() == passed
    assert walk([block(code)], failed=[1]).sum() == failed


def test_a_failed_instruction_waits_for_nothing() -> None:
    code = block("3b68 08bf 1844")  # ldr r3, [r7]; it eq; addeq r0, r3
    assert walk([code]).sum() == 3
    assert walk([code], failed=[2]).sum() == 2


# --- what the walk is for -----------------------------------------------------------------------------------------

# ldr r0, [r1]; str r0, [r1]; adds r0, r0, r1; add.w r8, r2, r2, lsl #1; ldm r1!, {r0-r3}; vadd; vfma; vldr; nop;
# muls; smlad; beq; cbz; vmov r0, s0; sxtab16; udiv
PIECES = [
    "0868", "0860", "4018", "02eb4208", "0fc9", "30ee810a", "a0ee810a", "90ed000a",
    "00bf", "4843", "21fb0233", "00d0", "00b1", "10ee100a", "23fa81f0", "b1fbf2f0",
]  # fmt: skip


@given(pieces=st.lists(st.sampled_from(PIECES), min_size=2, max_size=14), data=st.data())
@settings(max_examples=80, deadline=None)
def test_cycles_depend_on_earlier_instructions_only(pieces: list[str], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(pieces) - 1))
    leaves = data.draw(st.booleans())
    head, tail = block("".join(pieces[:cut])), block("".join(pieces[cut:]), START + 0x100)
    whole = walk([head, tail], [leaves])
    assert (whole >= 0).all()
    assert (whole[:cut] == walk([head])).all()
    assert whole[:, 0].sum() <= len(pieces)


def test_ready_times_reach_no_further_than_the_longest_latency() -> None:
    """Fourteen instructions of the predecessors tell all: behind them nothing is waited for any more."""
    head = block("0868" + "00bf00bf" * 7)
    assert walk([head, block("4018", START + 0x40)], [False])[-1].tolist()[:8] == [1, 0, 0, 0, 0, 0, 0, 0]


def test_the_numbers_are_those_of_the_core() -> None:
    changed = dataclasses.replace(CORE, rules={**CORE.rules, "load_result": Rule(5, "test")})
    assert causes(walk([block("0868 4018")], core=changed)) == {"issue": 2, "hazard": 4}
    changed = dataclasses.replace(CORE, rules={**CORE.rules, "float_issues_early": Rule(0, "test")})
    chain = block("30ee810a 70ee011a")  # vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s2
    assert causes(walk([chain], core=changed)) == {"issue": 2, "hazard": 1}
    assert causes(walk([chain])) == {"issue": 2}


# --- what does not depend on anything -----------------------------------------------------------------------------


def test_divides_take_the_same_for_all_operands() -> None:
    assert m33.operand_cycles(CORE, "udiv", (32, 1, 32)) == m33.operand_cycles(CORE, "udiv", (0, 1, 0)) == 0
    assert not m33.OPERAND_DEPENDENT


def test_nothing_is_observed() -> None:
    assert m33.observer(CORE, load_board("nano33ble")) is None
    assert m33.unobserved(CORE, Trace("f", (), (), {}, {}, 0, "zero_wait"), lambda block: None) == ()


# --- refusals -----------------------------------------------------------------------------------------------------


def test_unknown_instruction_is_named_with_address_function_and_core() -> None:
    (instruction,) = decode(bytes.fromhex("93ed0121"), START)
    with pytest.raises(UnsupportedError, match=r"'ldc p1, c2.*' at 0x08000000 in f cannot be timed.*Cortex-M33"):
        m33.facts(CORE, instruction, "f")


@pytest.mark.parametrize(
    ("code", "change", "named"),
    [
        ("21fb0230", {"dsp": False}, "the DSP extension"),
        ("30ee810a", {"fpu": None}, "a floating-point unit"),
        ("30ee810b", {}, "double-precision floating point"),
    ],
)
def test_extension_that_the_core_lacks(code: str, change: dict[str, object], named: str) -> None:
    core = dataclasses.replace(CORE, **change)  # type: ignore[arg-type]
    (instruction,) = decode(bytes.fromhex(code), START)
    with pytest.raises(UnsupportedError, match=f"Cortex-M33 lacks {named}"):
        m33.facts(core, instruction, "f")


def test_core_without_the_rules_of_its_pipeline() -> None:
    with pytest.raises(UnsupportedError, match=r"m33.*base_writeback.*load_result.*table_branch_refill"):
        m33.rules(dataclasses.replace(CORE, rules={}))
