"""The in-order pipeline: one row a rule, branches, the prefetch buffer against what is documented, data addresses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcusim.decoder import decode
from mcusim.errors import UnsupportedError
from mcusim.hardware import Core, Rule, board_core, load_board, load_core
from mcusim.pipelines import in_order
from mcusim.trace import CAUSES, Instruction, Trace

START = 0x08000000
ROWS = [
    line.split("\t") for line in (Path(__file__).parent / "in_order_rules.tsv").read_text(encoding="utf-8").splitlines()
]
CORES = ("cortex_m0", "cortex_m0plus", "cortex_m3", "cortex_m4")
REFILL = in_order.REFILL
FETCH, HAZARD, LOAD_STORE = (CAUSES.index(cause) for cause in ("fetch", "hazard", "load_store"))
core_of = cache(load_core)
CORE = core_of("cortex_m4")


def decoded(code: str, address: int = START) -> tuple[Instruction, ...]:
    return decode(bytes.fromhex(code.replace(" ", "")), address)


def walked(
    core: Core,
    pieces: Sequence[tuple[Instruction, ...]],
    passes: Sequence[int] | None = None,
) -> NDArray[np.int64]:
    """Cycles of pieces of code, each left by a taken branch for the next."""
    instructions = [one for piece in pieces for one in piece]
    leaves = np.zeros(len(instructions), np.int64)
    leaves[[end - 1 for end in accumulate(len(piece) for piece in pieces[:-1])]] = 1
    rows = np.array([in_order.facts(core, one, "f") for one in instructions], np.int64)
    cycles = np.zeros((len(rows), REFILL + 1), np.int64)
    passed = np.ones(len(rows), np.int64) if passes is None else np.array(passes, np.int64)
    in_order.walk(rows, leaves, passed, in_order.rules(core), cycles)
    return cycles


def causes(cycles: NDArray[np.int64]) -> dict[str, int]:
    names = (*CAUSES, "refill")
    return {name: int(sum_) for name, sum_ in zip(names, cycles.sum(axis=0), strict=True) if sum_}


def straight(code: str, core: Core = CORE, passes: Sequence[int] | None = None) -> dict[str, int]:
    return causes(walked(core, [decoded(code)], passes))


def with_rules(core: Core = CORE, **values: int) -> Core:
    rules = {name: Rule(value, "test") for name, value in values.items()}
    return dataclasses.replace(core, rules={**core.rules, **rules})


# --- one row a rule: name, core, assembly, bytes, cycles by cause, source -----------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_rule(row: list[str]) -> None:
    _, core, assembly, code, expected, source = row
    assert "; ".join(instruction.text for instruction in decoded(code)) == assembly
    assert source
    assert straight(code, core_of(core)) == {
        name: int(value) for name, value in (f.split("=") for f in expected.split())
    }


# --- branches: bytes, assembly, then for each core the cycles of the branch itself and of its refill ---------------

# M0 and M0+: TRM tables 3-1, POP of N words with PC 4 + N and 3 + N. M3 and M4: B and BL 1 + 1, conditional 1 + 2,
# indirect 1 + 2 (regression over published cycle counts), TBB 6 in all (DDI 0439, section 3.3.2).
BRANCHES = [
    ("00e0", "b #0x8000004", (1, 2), (1, 1), (1, 1)),
    ("00f002f8", "bl #0x8000008", (1, 3), (1, 2), (1, 1)),
    ("7047", "bx lr", (1, 2), (1, 1), (1, 2)),
    ("9847", "blx r3", (1, 2), (1, 1), (1, 2)),
    ("9f46", "mov pc, r3", (1, 2), (1, 1), (1, 2)),
    ("10bd", "pop {r4, pc}", (3, 3), (3, 2), (3, 2)),
    ("00d0", "beq #0x8000004", (1, 2), (1, 1), (1, 2)),
    ("d0f800f0", "ldr.w pc, [r0]", None, None, (2, 2)),
    ("dfe800f0", "tbb [pc, r0]", None, None, (2, 4)),
    ("dfe810f0", "tbh [pc, r0, lsl #1]", None, None, (2, 4)),
    ("00f00280", "beq.w #0x8000008", None, None, (1, 2)),
    ("08b1", "cbz r0, #0x8000006", None, None, (1, 2)),
]
BRANCH_CASES = [
    (code, assembly, core, cycles)
    for code, assembly, m0, m0plus, m3 in BRANCHES
    for core, cycles in zip(CORES, (m0, m0plus, m3, m3), strict=True)
]


@pytest.mark.parametrize(("code", "assembly", "core", "cycles"), BRANCH_CASES)
def test_taken_branch(code: str, assembly: str, core: str, cycles: tuple[int, int] | None) -> None:
    branch, target = decoded(code), decoded("00bf", START + 0x40)
    assert branch[0].text == assembly
    if cycles is None:
        with pytest.raises(UnsupportedError, match="lacks the instructions of ARMv7-M"):
            walked(core_of(core), [branch, target])
        return
    result = walked(core_of(core), [branch, target])
    assert result[0].sum() == cycles[0]
    assert causes(result[1:]) == {"issue": 1, "refill": cycles[1]}


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("code", ["00d0", "00f00280", "08b1"], ids=["beq", "beq.w", "cbz"])
def test_branch_not_taken_takes_one_cycle(code: str, core: str) -> None:
    if core in ("cortex_m3", "cortex_m4") or code == "00d0":
        assert straight(code + "00bf", core_of(core)) == {"issue": 2}


def test_branch_to_the_next_instruction_is_a_branch() -> None:
    jump = decoded("ffe7")  # b to the instruction behind it
    assert causes(walked(CORE, [jump, decoded("00bf", START + 2)])) == {"issue": 2, "refill": 1}


def test_board_may_override_rules_of_facts_and_of_the_walk() -> None:
    loop = decoded("0138 fdd1")  # subs r0, #1; bne
    assert walked(CORE, [loop] * 10).sum() == 10 * 2 + 9 * 2
    assert walked(with_rules(conditional_branch_refill=3), [loop] * 10).sum() == 10 * 2 + 9 * 3
    assert straight("4843", with_rules(core_of("cortex_m0"), multiply=32)) == {"issue": 1, "multiply_divide": 31}
    two = "51f8040b 51f8042b"  # ldr r0, [r1], #4; ldr r2, [r1], #4
    assert straight(two, with_rules(load_writeback_same_base=0)) == {"issue": 2, "load_store": 1}


@pytest.mark.parametrize(("board", "cycles"), [("stm32f407_disco", 2), ("bluepill_f103", 2), ("nucleo_l4r5zi", 3)])
def test_store_behind_a_load_differs_by_chip(board: str, cycles: int) -> None:
    """Keccak-f[1600] by Adomnicai: 9,413 cycles on STM32F407; pqm4's hashing on STM32L4R5 needs 4 % more."""
    assert sum(straight("0868 1a60", board_core(load_board(board))).values()) == cycles  # ldr r0, [r1]; str r2, [r3]


# --- loops, counted by hand ---------------------------------------------------------------------------------------

# name, core, code of one pass that ends in a branch back, cycles of a pass but the last
LOOPS = [
    # ldr r2, [r0], #4 (2); add r3, r2 (1); subs r1, #1 (1); bne (1 + 2)
    ("sum_m4", "cortex_m4", "50f8042b 1344 0139 fad1", 7),
    # ldmia r0!, {r2, r3} (3); muls r3, r2, r3 (1); adds r4, r4, r3 (1); subs r1, #1 (1); bne
    ("dot_m4", "cortex_m4", "0cc8 5343 e418 0139 fad1", 9),
    ("dot_m3", "cortex_m3", "0cc8 5343 e418 0139 fad1", 9),
    ("dot_m0", "cortex_m0", "0cc8 5343 e418 0139 fad1", 9),
    ("dot_m0plus", "cortex_m0plus", "0cc8 5343 e418 0139 fad1", 8),
    # ldrb r2, [r0] (2); strb r2, [r3] (M4 0; M0+ 2); adds r0, #1; adds r3, #1; subs r1, #1; bne
    ("copy_m4", "cortex_m4", "0278 1a70 0130 0133 0139 f9d1", 8),
    ("copy_m0plus", "cortex_m0plus", "0278 1a70 0130 0133 0139 f9d1", 9),
]


@pytest.mark.parametrize(("name", "core", "code", "cycles"), LOOPS, ids=[row[0] for row in LOOPS])
def test_loop(name: str, core: str, code: str, cycles: int) -> None:
    body = decoded(code)
    assert body[-1].text == f"bne #{START:#x}"
    passes = 20
    last = walked(core_of(core), [body]).sum()
    assert walked(core_of(core), [body] * passes).sum() == last + (passes - 1) * cycles


# --- the prefetch buffer -------------------------------------------------------------------------------------------

# adds r2, r2, r3; add.w r2, r2, r8; ldm r1!, {r0}; ldm.w r8, {r0, r6}: 16 and 32 bits, one cycle and several
SIZES = {"n": "d218", "w": "02eb0802", "m": "01c9", "l": "98e84100"}


@cache
def _one(letter: str, address: int) -> tuple[Instruction, ...]:
    return decoded(SIZES[letter], address)


def _program(letters: Sequence[str], address: int) -> tuple[Instruction, ...]:
    found: list[Instruction] = []
    for letter in letters:
        found.extend(_one(letter, found[-1].address + found[-1].size if found else address))
    return tuple(found)


def _stalls_as_documented(letters: Sequence[str], program: Sequence[Instruction]) -> list[int]:
    """One cycle at the third of three 32-bit instructions in a row across word boundaries, right behind one of several
    cycles, the first two of the three taking one (eprint 2025/523)."""
    stalls, run = [], None
    for letter, instruction in zip(letters, program, strict=True):
        run = run + 1 if run is not None and instruction.straddles else None
        stalls.append(int(run == 3))
        if run == 3:
            run = None
        if letter in "ml":
            run = 0
    return stalls


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_prefetch_buffer_stalls_exactly_as_documented(length: int) -> None:
    """Every program of up to six instructions of four kinds: nothing else stalls, and nothing less."""
    for letters in product(SIZES, repeat=length):
        program = _program(letters, START)
        assert walked(CORE, [program])[:, FETCH].tolist() == _stalls_as_documented(letters, program), letters


@pytest.mark.parametrize("offset", [0x40, 0x42])
@pytest.mark.parametrize("length", [1, 3, 5])
def test_prefetch_buffer_behind_a_branch(length: int, offset: int) -> None:
    """A 32-bit target across a word boundary takes one more (compendium.i-0.nl, measured); the rest is as before."""
    for letters in product(SIZES, repeat=length):
        program = _program(letters, START + offset)
        expected = _stalls_as_documented(letters, program)
        expected[0] += program[0].straddles
        assert walked(CORE, [decoded("00e0"), program])[1:, FETCH].tolist() == expected, letters


def test_words_behind_a_branch_are_a_rule() -> None:
    pieces = [decoded("00e0"), _program("w", START + 0x42)]
    assert walked(with_rules(prefetch_words_behind_branch=2), pieces)[1, FETCH] == 0


@pytest.mark.parametrize("core", ["cortex_m0", "cortex_m0plus"])
def test_no_prefetch_stalls_with_a_single_port(core: str) -> None:
    call = decoded("00bf 00f000f8 00f000f8 00f000f8", START)  # nop; three BL across word boundaries
    assert walked(core_of(core), [call[:1], call[1:2], call[2:3], call[3:]])[:, FETCH].sum() == 0


def test_waiting_for_code_hides_a_hazard() -> None:
    """ldr; add.w; add.w r9, r9, r8; ldr.w r0, [r9]: the interlock passes while the third word is waited for."""
    result = walked(CORE, [decoded("0868 02eb0802 09eb0809 d9f80000")])
    assert result[3, FETCH] == 1
    assert result[3, HAZARD] == 0
    assert result[:, :REFILL].sum() == 2 + 1 + 1 + 1 + 2


# --- what a branch leaves ------------------------------------------------------------------------------------------


def test_load_chain_does_not_go_on_over_a_branch() -> None:
    loop = decoded("0868 fde7")  # ldr r0, [r1]; b
    assert causes(walked(CORE, [loop, loop])) == {"issue": 4, "load_store": 2, "refill": 1}


def test_load_chain_goes_on_where_a_row_was_cut() -> None:
    """The walk knows no blocks: two rows with addresses in sequence chain."""
    assert causes(walked(CORE, [decoded("0868") + decoded("1a68", START + 2)])) == {"issue": 2, "load_store": 1}


def test_float_divide_runs_on_behind_a_branch() -> None:
    divide, use = decoded("80ee810a 00e0"), decoded("72ee221a", START + 0x40)  # vdiv; b / vadd
    # VDIV is done 14 cycles after it issued; the addition comes behind VDIV 1, B 1 and its refill 1.
    assert causes(walked(CORE, [divide, use])) == {"issue": 3, "multiply_divide": 11, "refill": 1}


def test_it_is_not_folded_onto_the_branch_before() -> None:
    assert causes(walked(CORE, [decoded("00e0"), decoded("08bf 0846", START + 0x40)]))["issue"] == 3


# --- conditions that fail ------------------------------------------------------------------------------------------


def test_load_whose_condition_fails_takes_one_cycle() -> None:
    code = "0028 18bf 1168"  # cmp r0, #0; it ne; ldrne r1, [r2]
    assert straight(code) == {"issue": 2, "load_store": 1}
    assert straight(code, passes=[1, 1, 0]) == {"issue": 2}


def test_either_of_two_loads_does_not_chain_with_the_other() -> None:
    code = "0028 14bf 1168 2368"  # cmp r0, #0; ite ne; ldrne r1, [r2]; ldreq r3, [r4]
    assert straight(code) == {"issue": 3, "load_store": 2}
    assert straight(code, passes=[1, 1, 1, 0]) == {"issue": 3, "load_store": 1}


def test_two_loads_of_one_condition_chain() -> None:
    assert straight("0028 1cbf 1168 2368") == {"issue": 3, "load_store": 1}  # itt ne; ldrne; ldrne


def test_load_behind_one_whose_condition_failed_does_not_chain() -> None:
    code = "0028 18bf 1168 2368"  # cmp r0, #0; it ne; ldrne r1, [r2]; ldr r3, [r4]
    assert straight(code, passes=[1, 1, 0, 1]) == {"issue": 3, "load_store": 1}
    assert straight(code) == {"issue": 3, "load_store": 1}


def test_failed_divide_and_float_cost_one_cycle_and_leave_nothing() -> None:
    code = "18bf b1fbf2f0"  # it ne; udivne
    assert straight(code, passes=[1, 0]) == {"issue": 2}
    assert straight("18bf 80ee810a 72ee221a", passes=[1, 0, 1]) == {"issue": 3}  # it ne; vdivne; vadd


# --- what depends on operands --------------------------------------------------------------------------------------


@pytest.mark.parametrize("core", ["cortex_m3", "cortex_m4"])
@pytest.mark.parametrize(
    ("bits", "cycles"),
    [
        ((0, 5, 0), 2),
        ((5, 0, 0), 2),
        ((3, 4, 0), 3),
        ((4, 4, 1), 4),
        ((8, 4, 5), 5),
        ((32, 16, 16), 8),
        ((32, 1, 32), 12),
    ],
)
def test_divide(core: str, bits: tuple[int, int, int], cycles: int) -> None:
    """2 with a zero, 3 for a smaller dividend (compendium.i-0.nl, measured), 12 at most (TRM); the rest inferred."""
    assert straight("b1fbf2f0", core_of(core)) == {"issue": 1}
    for mnemonic in ("udiv", "sdiv"):
        assert in_order.operand_cycles(core_of(core), mnemonic, bits) == cycles - 1


def test_divide_has_an_upper_limit() -> None:
    assert in_order.operand_cycles(with_rules(divide_most=8), "udiv", (32, 1, 32)) == 7


@pytest.mark.parametrize(
    ("mnemonic", "bits", "cycles"),
    [
        ("umull", (16, 16, 32), 3),
        ("smull", (0, 3, 0), 3),
        ("umull", (17, 1, 17), 4),
        ("smull", (1, 32, 32), 4),
        ("umlal", (16, 16, 32), 4),
        ("smlal", (17, 2, 18), 6),
    ],
)
def test_long_multiply_ends_early_on_m3_only(mnemonic: str, bits: tuple[int, int, int], cycles: int) -> None:
    """UMULL and SMULL 3 to 5, UMLAL and SMLAL 4 to 7 (DDI 0337I, table 3-1), one on Cortex-M4 (DDI 0439)."""
    assert mnemonic in in_order.OPERAND_DEPENDENT
    assert in_order.operand_cycles(core_of("cortex_m3"), mnemonic, bits) == cycles - 1
    assert in_order.operand_cycles(CORE, mnemonic, bits) == 0


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("core", "code", "named"),
    [
        ("cortex_m4", "10ee100f", "the timing table of Cortex-M4 does not have it"),
        ("cortex_m3", "21fb0230", "Cortex-M3 lacks the DSP extension"),
        ("cortex_m3", "30ee810a", "Cortex-M3 lacks a floating-point unit"),
        ("cortex_m0", "b1fbf2f0", "Cortex-M0 lacks the instructions of ARMv7-M"),
        ("cortex_m0plus", "08bf 0846", r"Cortex-M0\+ lacks the instructions of ARMv7-M"),
    ],
)
def test_instruction_without_a_timing_is_named(core: str, code: str, named: str) -> None:
    instruction = decoded(code)[0]
    text = instruction.text.replace("[", r"\[")
    with pytest.raises(UnsupportedError, match=f"'{text}' at 0x08000000 in main cannot be timed: .*{named}"):
        in_order.facts(core_of(core), instruction, "main")


@pytest.mark.parametrize("missing", ["it_folded", "call_refill", "divide_base", "float_move_pair", "unaligned_load"])
def test_core_without_a_rule(missing: str) -> None:
    core = dataclasses.replace(CORE, rules={name: rule for name, rule in CORE.rules.items() if name != missing})
    with pytest.raises(UnsupportedError, match=f"in_order needs rules that Cortex-M4 does not give: {missing}$"):
        in_order.rules(core)


def test_rules_of_a_unit_that_the_core_has_not_are_not_needed() -> None:
    for name in ("cortex_m0", "cortex_m3"):
        assert "float_result_use" not in core_of(name).rules
        assert len(in_order.rules(core_of(name))) == len(in_order.WALK_RULES)
    with pytest.raises(UnsupportedError, match="multiply_long_wide"):
        rules = {name: rule for name, rule in core_of("cortex_m3").rules.items() if name != "multiply_long_wide"}
        in_order.rules(dataclasses.replace(core_of("cortex_m3"), rules=rules))


# --- any code ------------------------------------------------------------------------------------------------------

# ldr r0, [r1]; str r0, [r1]; adds r1, r1, r2; add.w r8, r2, r2; str r1, [r2, r3]; ldm r1, {r0-r3}; vadd; vdiv; vmla;
# nop; muls r0, r1, r0; ldr r2, [r1], #4; udiv; it eq, moveq r0, r0
PIECES = "0868 0860 8918 02eb0208 d150 0fc9 30ee810a 80ee810a 00ee810a 00bf 4843 51f8042b b1fbf2f0 08bf0046"
BODIES = st.lists(st.lists(st.sampled_from(PIECES.split()), min_size=1, max_size=6), min_size=1, max_size=4)


@given(bodies=BODIES, shifts=st.lists(st.booleans(), min_size=4, max_size=4), data=st.data())
@settings(max_examples=80, deadline=None)
def test_cycles_depend_on_nothing_later(bodies: list[list[str]], shifts: list[bool], data: st.DataObject) -> None:
    """Every prefix of a path has the cycles that it has in the whole, none is negative, and each row issues."""
    pieces = [decoded("".join(body) + "00d0", START + 0x100 * k + 2 * shifts[k]) for k, body in enumerate(bodies)]
    count = sum(len(piece) for piece in pieces)
    passes = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    whole = walked(CORE, pieces, passes)
    assert (whole >= 0).all()
    assert (whole[:, 0] <= 1).all()
    cut = data.draw(st.integers(1, len(pieces)))
    kept = sum(len(piece) for piece in pieces[:cut])
    assert (walked(CORE, pieces[:cut], passes[:kept]) == whole[:kept]).all()


@given(body=st.lists(st.sampled_from(PIECES.split()), min_size=1, max_size=12), shift=st.booleans())
@settings(max_examples=60, deadline=None)
def test_where_code_lies_changes_fetch_and_what_it_hides_only(body: list[str], shift: bool) -> None:
    base = walked(CORE, [decoded("".join(body), START)])
    moved = walked(CORE, [decoded("".join(body), START + 0x1000 + 2 * shift)])
    hidden = {FETCH, HAZARD, CAUSES.index("multiply_divide")}
    same = [column for column in range(len(CAUSES)) if column not in hidden]
    assert (base[:, same] == moved[:, same]).all()
    if not shift:
        assert (base == moved).all()


# --- data addresses: see tests/test_chained_loads.py ---------------------------------------------------------------


@pytest.mark.parametrize("core", CORES)
def test_observer_of_data_addresses(core: str) -> None:
    """Cortex-M0 and M0+ have no chains, and unaligned accesses fault."""
    found = in_order.observer(core_of(core), load_board("nucleo_l4r5zi"))
    assert (found is None) == (core in ("cortex_m0", "cortex_m0plus"))
    assert found is None or found.name == "in_order"
    assert in_order.unobserved(core_of(core), Trace("f", (), (), {}, {}, 0, "zero_wait"), lambda block: None) == ()
