"""The in-order pipeline: one row a rule on straight-line code, then branches, loops, outcomes and conservation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.decoder import decode
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.hardware import Core, Rule, load_core
from mcusim.pipelines import PIPELINES
from mcusim.pipelines.in_order import time
from mcusim.trace import CAUSES, Block, Edge, Trace

CORE = load_core("cortex_m4")
START = 0x08000000
ROWS = [
    line.split("\t") for line in (Path(__file__).parent / "in_order_rules.tsv").read_text(encoding="utf-8").splitlines()
]


def block(code: str, address: int = START) -> Block:
    data = bytes.fromhex(code.replace(" ", ""))
    return Block(address, len(data), "f", decode(data, address))


def trace(
    blocks: Sequence[Block],
    edges: Sequence[tuple[int, int, int]],
    executed: Mapping[int, int] | None = None,
    divides: Mapping[int, Mapping[tuple[int, int, int], int]] | None = None,
) -> Trace:
    return Trace("f", tuple(blocks), tuple(Edge(*e) for e in edges), executed or {}, divides or {}, 0, "zero_wait")


def causes(timing_rows: Sequence[Sequence[int]]) -> dict[str, int]:
    sums = {cause: sum(row[column] for row in timing_rows) for column, cause in enumerate(CAUSES)}
    return {cause: cycles for cause, cycles in sums.items() if cycles}


def with_rules(**values: int) -> Core:
    rules = {name: Rule(value, "test") for name, value in values.items()}
    return dataclasses.replace(CORE, rules={**CORE.rules, **rules})


# --- one row a rule: name, assembly, bytes, cycles by cause, source ----------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_rule(row: list[str]) -> None:
    _, assembly, code, expected, source = row
    straight = block(code)
    assert "; ".join(instruction.text for instruction in straight.instructions) == assembly
    assert source
    timing = time(CORE, trace([straight], [(-1, 0, 1)]))
    assert causes(timing.by_block) == {name: int(value) for name, value in (f.split("=") for f in expected.split())}


# --- branches: (name, bytes, assembly, cycles on top when taken, when not taken) ----------------------------------

BRANCHES = [
    ("b", "00e0", "b #0x8000004", {"issue": 1, "branch": 1}),
    ("bl", "00f002f8", "bl #0x8000008", {"issue": 1, "branch": 1}),
    ("bx", "7047", "bx lr", {"issue": 1, "branch": 2}),
    ("blx", "9847", "blx r3", {"issue": 1, "branch": 2}),
    ("pop_pc", "10bd", "pop {r4, pc}", {"issue": 1, "load_store": 2, "branch": 2}),
    ("ldr_pc", "d0f800f0", "ldr.w pc, [r0]", {"issue": 1, "load_store": 1, "branch": 2}),
    ("mov_pc", "9f46", "mov pc, r3", {"issue": 1, "branch": 2}),
    ("tbb", "dfe800f0", "tbb [pc, r0]", {"issue": 1, "load_store": 1, "branch": 4}),
    ("tbh", "dfe810f0", "tbh [pc, r0, lsl #1]", {"issue": 1, "load_store": 1, "branch": 4}),
    ("beq", "00d0", "beq #0x8000004", {"issue": 1, "branch": 2}),
    ("beq_wide", "00f00280", "beq.w #0x8000008", {"issue": 1, "branch": 2}),
    ("cbz", "08b1", "cbz r0, #0x8000006", {"issue": 1, "branch": 2}),
]


@pytest.mark.parametrize(("name", "code", "assembly", "expected"), BRANCHES, ids=[row[0] for row in BRANCHES])
def test_taken_branch(name: str, code: str, assembly: str, expected: Mapping[str, int]) -> None:
    """Refill: B and BL 1, conditional 2, indirect 2 (regression), TBB 6 in all (DDI 0439, section 3.3.2)."""
    branch, target = block(code), block("00bf", START + 0x40)
    assert branch.instructions[0].text == assembly
    timing = time(CORE, trace([branch, target], [(-1, 0, 10), (0, 1, 10)]))
    assert causes(timing.by_block[:1]) == {cause: 10 * cycles for cause, cycles in expected.items()}
    assert causes(timing.by_block[1:]) == {"issue": 10}


@pytest.mark.parametrize("code", ["00d0", "00f00280", "08b1"], ids=["beq", "beq.w", "cbz"])
def test_branch_not_taken_takes_one_cycle(code: str) -> None:
    branch = block(code)
    timing = time(CORE, trace([branch, block("00bf", branch.end)], [(-1, 0, 7), (0, 1, 7)]))
    assert causes(timing.by_block) == {"issue": 14}


def test_unconditional_branch_to_the_next_instruction_is_taken() -> None:
    jump = block("ffe7")  # b to the instruction behind it
    timing = time(CORE, trace([jump, block("00bf", jump.end)], [(-1, 0, 1), (0, 1, 1)]))
    assert causes(timing.by_block[:1]) == {"issue": 1, "branch": 1}


def test_board_may_override_the_refill() -> None:
    loop = block("0138 fdd1")  # subs r0, #1; bne
    edges = [(-1, 0, 1), (0, 0, 99)]
    assert time(CORE, trace([loop], edges)).cycles == 100 * 2 + 99 * 2
    assert time(with_rules(conditional_branch_refill=3), trace([loop], edges)).cycles == 100 * 2 + 99 * 3


@pytest.mark.parametrize(("address", "cycles"), [(START + 0x40, 0), (START + 0x42, 1)])
def test_wide_branch_target_across_a_word_boundary(address: int, cycles: int) -> None:
    """One more fetch (compendium.i-0.nl, measured), and only for a 32-bit instruction that was branched to."""
    wide, narrow = block("00eb0800", address), block("0138", address)
    jump = block("00e0")
    fetch = CAUSES.index("fetch")
    assert time(CORE, trace([jump, wide], [(-1, 0, 1), (0, 1, 5)])).by_block[1][fetch] == 5 * cycles
    assert time(CORE, trace([jump, narrow], [(-1, 0, 1), (0, 1, 5)])).by_block[1][fetch] == 0
    before = block("0138", address - 2)
    assert time(CORE, trace([before, wide], [(-1, 0, 1), (0, 1, 5)])).by_block[1][fetch] == 0


# --- what one block leaves for the next ---------------------------------------------------------------------------


def test_load_chain_goes_on_over_a_page_split_but_not_over_a_branch() -> None:
    load, more = block("0868"), block("1a68", START + 2)  # ldr r0, [r1]; ldr r2, [r3]
    assert causes(time(CORE, trace([load, more], [(-1, 0, 1), (0, 1, 1)])).by_block) == {"issue": 2, "load_store": 1}
    loop = block("0868 fde7")  # ldr r0, [r1]; b
    assert causes(time(CORE, trace([loop], [(-1, 0, 1), (0, 0, 1)])).by_block) == {
        "issue": 4,
        "load_store": 2,
        "branch": 1,
    }


def test_interlock_reaches_over_a_branch_not_taken_only_if_nothing_lies_between() -> None:
    split = block("8918")  # adds r1, r1, r2
    load = block("0868", split.end)
    assert causes(time(CORE, trace([split, load], [(-1, 0, 1), (0, 1, 1)])).by_block[1:]) == {
        "issue": 1,
        "load_store": 1,
        "hazard": 1,
    }
    branch = block("8918 00d0")  # adds r1, r1, r2; beq
    load = block("0868", branch.end)
    assert "hazard" not in causes(time(CORE, trace([branch, load], [(-1, 0, 1), (0, 1, 1)])).by_block)


def test_each_way_into_a_block_is_counted_by_itself() -> None:
    store, other = block("0860"), block("00bf 00e0", START + 0x20)  # str r0, [r1]; nop, b
    load = block("1a68", store.end)
    timing = time(CORE, trace([store, other, load], [(-1, 0, 3), (0, 2, 3), (-1, 1, 4), (1, 2, 4)]))
    assert causes(timing.by_block[2:]) == {"issue": 7, "load_store": 7, "hazard": 3}


def test_straddling_run_crosses_a_page_split() -> None:
    head = block("0868 02eb0802")  # ldr r0, [r1]; add.w r2, r2, r8 at 2 mod 4
    tail = block("03eb0803 04eb0804", head.end)
    assert causes(time(CORE, trace([head, tail], [(-1, 0, 1), (0, 1, 1)])).by_block[1:]) == {"issue": 2, "fetch": 1}


def test_float_divide_runs_on_over_a_taken_branch() -> None:
    divide = block("80ee810a 00e0")  # vdiv.f32 s0, s1, s2; b
    use = block("31ee812a", START + 0x40)  # vadd.f32 s4, s3, s2
    timing = time(CORE, trace([divide, use], [(-1, 0, 1), (0, 1, 1)]))
    # 13 cycles are left behind the issue of VDIV, of which B and its refill take two.
    assert causes(timing.by_block) == {"issue": 3, "branch": 1, "multiply_divide": 11}


def test_tight_loop() -> None:
    """SUBS; BNE is 4 cycles an iteration: 1 + 1 + 2 (regression on STM32F407), the last one 2."""
    loop = block("0138 fdd1")
    behind = block("7047", loop.end)
    timing = time(CORE, trace([loop, behind], [(-1, 0, 1), (0, 0, 999), (0, 1, 1)]))
    assert causes(timing.by_block[:1]) == {"issue": 2000, "branch": 1998}


def test_final_block_without_instructions_ends_the_return() -> None:
    """The stop address may appear as a block of its own, so that the last return is counted."""
    body, stop = block("7047"), Block(START + 0x100, 0, "", ())
    assert causes(time(CORE, trace([body, stop], [(-1, 0, 1), (0, 1, 1)])).by_block) == {"issue": 1, "branch": 2}


# --- outcomes of predicated instructions --------------------------------------------------------------------------


def test_predicated_load_takes_one_cycle_when_its_condition_fails() -> None:
    code = block("0028 18bf 1168")  # cmp r0, #0; it ne; ldrne r1, [r2]
    timing = time(CORE, trace([code], [(-1, 0, 10)], executed={START + 4: 3}))
    assert causes(timing.by_block) == {"issue": 20, "load_store": 3}


def test_either_of_two_loads_does_not_chain_with_the_other() -> None:
    code = block("0028 14bf 1168 2368")  # cmp r0, #0; ite ne; ldrne r1, [r2]; ldreq r3, [r4]
    timing = time(CORE, trace([code], [(-1, 0, 10)], executed={START + 4: 3, START + 6: 7}))
    assert causes(timing.by_block) == {"issue": 30, "load_store": 10}


def test_two_loads_of_one_condition_chain() -> None:
    code = block("0028 1cbf 1168 2368")  # cmp r0, #0; itt ne; ldrne r1, [r2]; ldrne r3, [r4]
    timing = time(CORE, trace([code], [(-1, 0, 10)], executed={START + 4: 3, START + 6: 3}))
    assert causes(timing.by_block) == {"issue": 30, "load_store": 3}


def test_load_behind_a_predicated_load_chains_only_when_that_executed() -> None:
    code = block("0028 18bf 1168 2368")  # cmp r0, #0; it ne; ldrne r1, [r2]; ldr r3, [r4]
    timing = time(CORE, trace([code], [(-1, 0, 10)], executed={START + 4: 3}))
    assert causes(timing.by_block) == {"issue": 30, "load_store": 3 + 7}


def test_predicated_store_with_a_register_offset() -> None:
    code = block("18bf d150")  # it ne; strne r1, [r2, r3]
    timing = time(CORE, trace([code], [(-1, 0, 10)], executed={START + 2: 4}))
    assert causes(timing.by_block) == {"issue": 20, "load_store": 4}


def test_predicated_return() -> None:
    code = block("18bf 10bd")  # it ne; popne {r4, pc}
    behind, caller = block("00bf", code.end), block("00bf", START + 0x80)
    edges = [(-1, 0, 10), (0, 1, 6), (0, 2, 4)]
    timing = time(CORE, trace([code, behind, caller], edges, executed={START + 2: 4}))
    assert causes(timing.by_block[:1]) == {"issue": 20, "load_store": 8, "branch": 8}


def test_outcomes_are_shared_out_exactly_over_blocks_that_overlap() -> None:
    whole, tail = block("0028 18bf 1168"), block("18bf 1168", START + 2)
    for passed in range(18):
        timing = time(CORE, trace([whole, tail], [(-1, 0, 6), (-1, 1, 11)], executed={START + 4: passed}))
        assert causes(timing.by_block).get("load_store", 0) == passed


def test_missing_outcome_is_refused() -> None:
    with pytest.raises(EmulationError, match=r"'ldrne r1, \[r2\]' at 0x08000002"):
        time(CORE, trace([block("18bf 1168")], [(-1, 0, 1)]))


# --- integer divides ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "cycles"),
    [((0, 5, 0), 2), ((5, 0, 0), 2), ((3, 4, 0), 3), ((4, 4, 1), 4), ((8, 4, 4), 5), ((32, 1, 32), 11)],
)
def test_divide_by_the_bits_of_its_operands(bits: tuple[int, int, int], cycles: int) -> None:
    """2 with a zero, 3 for a smaller dividend (compendium.i-0.nl, measured); the rest inferred, 12 at most (TRM)."""
    timing = time(CORE, trace([block("b1fbf2f0")], [(-1, 0, 9)], divides={START: {bits: 9}}))
    assert causes(timing.by_block) == {"issue": 9, "multiply_divide": 9 * (cycles - 1)}


def test_divide_histogram_is_summed_exactly() -> None:
    divides = {START: {(0, 1, 0): 2, (3, 4, 0): 3, (32, 1, 32): 4}}
    timing = time(CORE, trace([block("91fbf2f0")], [(-1, 0, 4), (0, 0, 5)], divides=divides))
    assert causes(timing.by_block)["multiply_divide"] == 2 * 1 + 3 * 2 + 4 * 10


def test_divide_has_an_upper_limit() -> None:
    timing = time(
        with_rules(divide_most=8), trace([block("b1fbf2f0")], [(-1, 0, 1)], divides={START: {(32, 1, 32): 1}})
    )
    assert timing.cycles == 8


def test_predicated_divide_that_never_executed() -> None:
    assert time(CORE, trace([block("18bf b1fbf2f0")], [(-1, 0, 5)])).cycles == 10


def test_missing_operands_of_a_divide_are_refused() -> None:
    with pytest.raises(EmulationError, match="udiv r0, r1, r2"):
        time(CORE, trace([block("b1fbf2f0")], [(-1, 0, 1)]))


# --- refusals -----------------------------------------------------------------------------------------------------


def test_unknown_instruction_is_named_with_address_function_and_core() -> None:
    with pytest.raises(UnsupportedError, match=r"'svc #0' at 0x08000000 in f cannot be timed.*Cortex-M4"):
        time(CORE, trace([block("00df")], [(-1, 0, 1)]))


@pytest.mark.parametrize(
    ("code", "change", "named"),
    [("21fb0230", {"dsp": False}, "the DSP extension"), ("30ee810a", {"fpu": None}, "a floating-point unit")],
)
def test_extension_that_the_core_lacks(code: str, change: dict[str, object], named: str) -> None:
    core = dataclasses.replace(CORE, **change)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match=f"Cortex-M4 lacks {named}"):
        time(core, trace([block(code)], [(-1, 0, 1)]))


def test_core_without_the_rules_of_its_pipeline() -> None:
    with pytest.raises(UnsupportedError, match=r"in_order.*it_folded"):
        time(dataclasses.replace(CORE, rules={}), trace([], []))


def test_code_that_never_ran_costs_nothing_and_needs_no_timing() -> None:
    assert time(CORE, trace([block("00df")], [(-1, 0, 0)])).by_block == ((0,) * len(CAUSES),)


def test_core_names_this_pipeline() -> None:
    assert PIPELINES[CORE.pipeline] is time


# --- conservation -------------------------------------------------------------------------------------------------

# ldr r0, [r1]; str r0, [r1]; adds r1, r1, r2; add.w r8, r2, r2; str r1, [r2, r3]; ldm r1, {r0-r3}; vadd; vdiv; vmla;
# nop; muls r0, r1, r0; ldr r2, [r1], #4; it eq, moveq r0, r0
PIECES = (
    "0868 0860 8918 02eb0208 d150 0fc9 30ee810a 80ee810a 00ee810a 00bf 4843 51f8042b 08bf0046".split()  # noqa: SIM905
)


@given(
    bodies=st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), min_size=1, max_size=5),
    shifts=st.lists(st.booleans(), min_size=5, max_size=5),
    counts=st.lists(st.integers(0, 50), min_size=25, max_size=25),
)
@settings(max_examples=60, deadline=None)
def test_cycles_by_block_and_by_cause_are_the_same_cycles(
    bodies: list[list[str]], shifts: list[bool], counts: list[int]
) -> None:
    """Both roll-ups agree, nothing is negative, each entry issues, and more visits cost in proportion."""
    blocks = [
        block("".join(body) + "00d0", START + 0x100 * number + 2 * shifts[number]) for number, body in enumerate(bodies)
    ]
    pairs = [(source, target) for source in range(-1, len(blocks)) for target in range(len(blocks))]
    edges = [(source, target, count) for (source, target), count in zip(pairs, counts, strict=False)]
    timing = time(CORE, trace(blocks, edges))
    assert sum(timing.by_cause.values()) == timing.cycles == sum(sum(row) for row in timing.by_block)
    assert all(cycles >= 0 for row in timing.by_block for cycles in row)
    entries = sum(count * len(blocks[target].instructions) for _, target, count in edges)
    assert timing.by_cause["issue"] <= entries
    twice = time(CORE, trace(blocks, [(source, target, 2 * count) for source, target, count in edges]))
    assert twice.by_block == tuple(tuple(2 * cycles for cycles in row) for row in timing.by_block)


@given(pieces=st.lists(st.sampled_from(PIECES), min_size=3, max_size=16), shift=st.booleans(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_page_split_changes_no_cycle(pieces: list[str], shift: bool, data: st.DataObject) -> None:
    """The emulator ends blocks at every page, and twice where an instruction crosses it: what comes before the cuts
    must reach behind them."""
    start = START + 2 * shift
    cut = data.draw(st.integers(1, len(pieces) - 2))
    head = block("".join(pieces[:cut]), start)
    middle = block(pieces[cut], head.end)
    tail = block("".join(pieces[cut + 1 :]), middle.end)
    whole = time(CORE, trace([block("".join(pieces), start)], [(-1, 0, 1)]))
    split = time(CORE, trace([head, middle, tail], [(-1, 0, 1), (0, 1, 1), (1, 2, 1)]))
    assert causes(split.by_block) == causes(whole.by_block)
