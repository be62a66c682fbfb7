"""The dual-issue pipeline: one row a rule on straight-line code, then branches, fetching, causality, estimates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcusim.branch_prediction import predicted
from mcusim.decoder import decode
from mcusim.errors import UnsupportedError
from mcusim.hardware import Core, Rule, load_core
from mcusim.pipelines import dual_issue
from mcusim.recording import Observed
from mcusim.timing import Walker
from mcusim.trace import CAUSES, Block, Edge, Trace

CORE = load_core("cortex_m7")
START = 0x08000000
REFILL = len(CAUSES)
ROWS = [
    line.split("\t")
    for line in (Path(__file__).parent / "dual_issue_rules.tsv").read_text(encoding="utf-8").splitlines()
]


def block(code: str, address: int = START) -> Block:
    data = bytes.fromhex(code.replace(" ", ""))
    return Block(address, len(data), "f", decode(data, address))


def walk(blocks: Sequence[Block], taken: Sequence[bool] = (), passes: int = 1) -> NDArray[np.int64]:
    """Cycles of blocks one behind the other; `taken` tells of each but the last whether it ends by a taken branch."""
    found = [dual_issue.facts(CORE, one, "f") for each in blocks for one in each.instructions]
    rows = np.array(found, np.int64)
    leaves = np.zeros(len(rows), np.int64)
    ends = np.cumsum([len(each.instructions) for each in blocks]) - 1
    leaves[ends[: len(taken)]] = taken
    cycles = np.full((len(rows), REFILL + 1), -1, np.int64)
    dual_issue.walk(rows, leaves, np.full(len(rows), passes), dual_issue.rules(CORE), cycles)
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
    assert len({row[0] for row in ROWS}) == len(ROWS) > 100


@pytest.mark.parametrize("code", ["08bf 53f8042b", "08bf 07cf", "08bf 90fbf1f0"], ids=["ldreq", "ldmeq", "sdiveq"])
def test_an_instruction_whose_condition_fails_takes_the_same_slots(code: str) -> None:
    """jnk0le/random, cortex_m7.md: an LDM that is not executed takes its cycles nevertheless."""
    assert (walk([block(code)], passes=0) == walk([block(code)], passes=1)).all()


# --- branches and fetching ----------------------------------------------------------------------------------------


def iteration(loop: Block, times: int = 8) -> float:
    """Cycles of each iteration of a loop once it runs."""
    cycles = walk([loop] * times, [True] * (times - 1))
    count = len(loop.instructions)
    return float(cycles[count * 2 :].sum()) / (times - 2)


@pytest.mark.parametrize(("offset", "cycles"), [(0, 1), (2, 1), (4, 1), (6, 2)])
def test_two_instruction_loop_takes_a_cycle_unless_it_spans_two_fetches(offset: int, cycles: int) -> None:
    """rust-embedded/cortex-m #430, on STM32H7: one cycle, except at address % 8 = 6."""
    assert iteration(block("0138 fdd1", START + offset)) == cycles  # subs r0, #1; bne


def test_loop_of_wide_instructions_at_eight_bytes_a_cycle() -> None:
    """Seven 32-bit instructions and BNE.W: 32 bytes, four cycles aligned; across five blocks of 8 bytes, five."""
    pairs = " ".join(f"01eb02{number:02x}" for number in range(3, 9)) + " b0f10100 7ff4f0af"
    assert iteration(block(pairs)) == 4
    assert iteration(block(pairs, START + 4)) == 5


BRANCHES = [
    ("b", "00e0", "b #0x8000004", 0),
    ("bl", "00f002f8", "bl #0x8000008", 0),
    ("beq", "00d0", "beq #0x8000004", 0),
    ("cbz", "08b1", "cbz r0, #0x8000006", 0),
    ("bx", "7047", "bx lr", 3),
    ("blx", "9847", "blx r3", 3),
    ("pop_pc", "10bd", "pop {r4, pc}", 3),
    ("ldr_pc", "d0f800f0", "ldr.w pc, [r0]", 3),
    ("mov_pc", "9f46", "mov pc, r3", 3),
    ("tbb", "dfe800f0", "tbb [pc, r0]", 3),
    ("tbh", "dfe810f0", "tbh [pc, r0, lsl #1]", 3),
]


@pytest.mark.parametrize(("name", "code", "assembly", "refill"), BRANCHES, ids=[row[0] for row in BRANCHES])
def test_refill_of_a_taken_branch(name: str, code: str, assembly: str, refill: int) -> None:
    """Predicted: none; indirect: 3, on top of the target's own cycle."""
    branch, target = block(code), block("00bf", START + 0x40)
    assert branch.instructions[0].text == assembly
    cycles = walk([branch, target], [True])
    assert cycles[0, REFILL] == 0
    assert cycles[1].tolist() == [1] + [0] * (REFILL - 1) + [refill]


def test_target_does_not_pair_with_the_branch_but_the_successor_does() -> None:
    branch = block("00d0")  # beq
    assert causes(walk([branch, block("00bf", START + 0x40)], [True])) == {"issue": 2}
    assert causes(walk([branch, block("00bf", branch.end)], [False])) == {"issue": 1}


def test_two_branches_do_not_pair() -> None:
    first = block("00d0")
    assert causes(walk([first, block("00d0", first.end)], [False])) == {"issue": 2}


def test_table_branch_and_return_take_their_own_cycles_too() -> None:
    assert causes(walk([block("dfe800f0")])) == {"issue": 1, "load_store": 1}
    assert causes(walk([block("bde8f88f")])) == {"issue": 1, "load_store": 4}  # pop.w {r3-r11, pc}: 10 registers


def test_wide_target_across_two_fetches_waits_for_the_second() -> None:
    jump = block("00e0")
    cycles = walk([jump, block("01eb0200", START + 0x46)], [True])
    assert causes(cycles[1:]) == {"issue": 1, "fetch": 1}
    assert causes(walk([jump, block("01eb0200", START + 0x44)], [True])[1:]) == {"issue": 1}


def test_waiting_for_a_fetch_and_for_an_operand_overlap() -> None:
    """The byte that was loaded is there two cycles later, and so are the second eight bytes of the target."""
    load = block("0878 00e0")  # ldrb r0, [r1]; b
    for offset, expected in ((0x44, {"issue": 1, "hazard": 1}), (0x46, {"issue": 1, "fetch": 1})):
        use = block("80ea0302", START + offset)  # eor.w r2, r0, r3
        assert causes(walk([load, use], [True])[2:]) == expected


# --- the walk as a function ---------------------------------------------------------------------------------------

CODE = [row[2] for row in ROWS]


@given(st.lists(st.tuples(st.sampled_from(CODE), st.booleans(), st.integers(0, 15)), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_cycles_of_an_instruction_depend_on_earlier_ones_only(pieces: list[tuple[str, bool, int]]) -> None:
    """So that what a block takes behind a tail is what both take less what the tail takes."""
    blocks, taken = [], []
    address = START
    for code, leaves, halfwords in pieces:
        blocks.append(block(code, address))
        taken.append(leaves)
        address = START + 0x1000 * len(blocks) + 2 * halfwords if leaves else blocks[-1].end
    whole = walk(blocks, taken[:-1])
    assert (whole >= 0).all()
    for upto in range(1, len(blocks)):
        part = walk(blocks[:upto], taken[: upto - 1])
        assert (part == whole[: len(part)]).all()
    assert (whole[:, 0] <= 2).all()  # at most an issue slot, and the second cycle of VADD.F64
    per_cycle = len(whole) / whole.sum()
    assert per_cycle <= 2


def test_a_result_is_forgotten_after_fourteen_instructions() -> None:
    """A tail of 14 instructions tells the state: no result but those that hold the pipeline takes seven cycles."""
    latest = max(rule.value for name, rule in CORE.rules.items() if "_to_" in name)
    assert latest <= 14 // 2
    assert CORE.rules["float_multiplier_busy"].value < 14 // 2


def test_nothing_depends_on_operands() -> None:
    assert frozenset() == dual_issue.OPERAND_DEPENDENT
    assert dual_issue.operand_cycles(CORE, "udiv", (32, 1, 32)) == 0


# --- what is refused ----------------------------------------------------------------------------------------------


def with_rules(core: Core, **values: int) -> Core:
    return dataclasses.replace(core, rules={**core.rules, **{name: Rule(v, "test") for name, v in values.items()}})


def test_a_missing_rule_is_named() -> None:
    core = dataclasses.replace(CORE, rules={name: rule for name, rule in CORE.rules.items() if name != "misprediction"})
    with pytest.raises(UnsupportedError, match=r"Cortex-M7 does not give: misprediction$"):
        dual_issue.rules(core)


def test_an_instruction_without_timing_is_named_with_its_place() -> None:
    core = dataclasses.replace(CORE, timings={})
    instruction = block("0868").instructions[0]
    with pytest.raises(UnsupportedError, match=r"'ldr r0, \[r1\]' at 0x08000000 in arm_f cannot be timed"):
        dual_issue.facts(core, instruction, "arm_f")


def test_a_core_without_fpu_refuses_floating_point() -> None:
    core = dataclasses.replace(CORE, fpu=None)
    with pytest.raises(UnsupportedError, match="lacks a floating-point unit"):
        dual_issue.facts(core, block("30ee810a").instructions[0], "f")


# --- estimates where nothing was recorded -------------------------------------------------------------------------


def trace(blocks: Sequence[Block], edges: Sequence[tuple[int, int, int]], observed: tuple[Observed, ...] = ()) -> Trace:
    return Trace("f", tuple(blocks), tuple(Edge(*edge) for edge in edges), {}, {}, 0, "zero_wait", observed)


def test_the_rarer_way_of_a_branch_is_mispredicted() -> None:
    loop, behind = block("0138 fdd1"), block("7047", START + 4)
    (observed,) = dual_issue.unobserved(
        CORE, trace([loop, behind], [(-1, 0, 5), (0, 0, 95), (0, 1, 5)]), Walker(CORE).rows_of
    )
    assert observed.name == CORE.pipeline
    assert [event.name for event in observed.events] == ["misprediction", "loads_apart"]
    assert [event.cycles for event in observed.events] == [8, 0.5]
    assert observed.counts == ((5, 0), (0, 0))


def test_a_branch_that_ends_several_blocks_is_one_branch() -> None:
    """A loop that is entered in its middle: blocks overlap, and each goes one way only."""
    whole, rest, behind = block("0138 0139 fcd1"), block("0139 fcd1", START + 2), block("7047", START + 6)
    assert whole.end == rest.end == behind.address
    edges = [(-1, 1, 60), (1, 0, 60), (0, 2, 50), (0, 0, 10)]
    (observed,) = dual_issue.unobserved(CORE, trace([whole, rest, behind], edges), Walker(CORE).rows_of)
    assert [row[0] for row in observed.counts] == [50, 0, 0]  # 70 taken, 50 not


def test_every_second_pair_of_loads_with_unknown_addresses_meets_in_a_bank() -> None:
    code = "0868 1a68"  # ldr r0, [r1]; ldr r2, [r3]
    known = "1068 5168"  # ldr r0, [r2]; ldr r1, [r2, #4]
    alone = "0868 0838 1a68 8cb1"  # ldr; subs; ldr; cbz: the loads are in two cycles
    blocks = [block(code), block(known, START + 8), block(alone, START + 16)]
    (observed,) = dual_issue.unobserved(
        CORE, trace(blocks, [(-1, 0, 10), (0, 1, 10), (1, 2, 10)]), Walker(CORE).rows_of
    )
    assert [row[1] for row in observed.counts] == [10, 0, 0]


# name, bytes, assembly, cycles that the block takes longer if each of its pairs of loads is taken apart
APART = [
    ("two_loads", "0868 1a68", "ldr r0, [r1]; ldr r2, [r3]", 1),
    ("the_younger_pairs_anew", "0868 1a68 00bf", "ldr r0, [r1]; ldr r2, [r3]; nop", 0),
    ("two_pairs", "0868 1a68 2c68 3e68", "ldr r0, [r1]; ldr r2, [r3]; ldr r4, [r5]; ldr r6, [r7]", 2),
]


@pytest.mark.parametrize(("name", "code", "assembly", "longer"), APART, ids=[row[0] for row in APART])
def test_loads_that_meet_in_a_bank_issue_one_behind_the_other(name: str, code: str, assembly: str, longer: int) -> None:
    """Never paired (unpublished comparison with published latencies): what follows may pair with the second."""
    loads = block(code)
    assert "; ".join(instruction.text for instruction in loads.instructions) == assembly
    pairs = assembly.count("ldr") // 2
    seen = Observed(CORE.pipeline, predicted(CORE, CORE.pipeline).events, ((0, 0, 10 * pairs, 0),))
    (found,) = dual_issue.unobserved(CORE, trace([loads], [(-1, 0, 10)], (seen,)), Walker(CORE).rows_of)
    assert found.counts == ((10 * longer,),)
    assert [(event.name, event.cycles) for event in found.events] == [("loads_apart", 1)]


def test_without_conflicts_loads_cost_nothing_more() -> None:
    seen = Observed(CORE.pipeline, predicted(CORE, CORE.pipeline).events, ((3, 0, 0, 0),))
    (found,) = dual_issue.unobserved(CORE, trace([block("0868 1a68")], [(-1, 0, 10)], (seen,)), Walker(CORE).rows_of)
    assert found.counts == ((0,),)


def test_rules_of_a_board_change_the_estimate() -> None:
    core = with_rules(CORE, misprediction=6, bank_conflict=2)
    (observed,) = dual_issue.unobserved(core, trace([block("7047")], [(-1, 0, 1)]), Walker(core).rows_of)
    assert [event.cycles for event in observed.events] == [6, 1]
