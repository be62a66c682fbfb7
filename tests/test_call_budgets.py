"""Figures against budgets, in words."""

import dataclasses

import pytest
from conftest import make_run

from mcusim.call_budgets import Budgets, over_call, over_run
from mcusim.call_result import CallResult, loop_listing
from mcusim.execution import Line, Loop

LOOP = Loop(
    "dot", 0x08000010, 10, 62, 565, (Line(0x08000010, "ldrsb", 63, "a/dot.c:13"), Line(2, "bne", 63, "a/dot.c:14"))
)


@pytest.fixture
def result():
    causes = {"issue": 328, "branch": 257}
    return CallResult(
        *("dot", "Cortex-M4", None, 7, 585, 585, 590, causes, 328, 4, 132, 4),
        *(40, None, "not validated: nothing", None, (LOOP,), ""),
    )


def test_a_call_within_its_budgets(result):
    assert over_call(result, Budgets()) == ()
    assert over_call(result, Budgets(585, 328, 4, 0, 40)) == ()
    assert over_call(dataclasses.replace(result, code_bytes=None), Budgets(max_flash_bytes=1)) == (
        "dot: its bytes of flash are not known, so that the budget of 1 cannot be held: build it from source",
    )


def test_a_call_over_its_budgets_says_by_how_much_and_where(result):
    hottest = "; hottest loop dot (a/dot.c:13-14): 565 cycles, 63 rounds of 8.968"
    assert over_call(result, Budgets(max_cycles=500, max_stack_bytes=0, max_flash_bytes=39)) == (
        f"dot: 585 cycles, the budget is 500, 17.0% over{hottest}",
        f"dot: 4 bytes of stack, the budget is 0{hottest}",
        f"dot: 40 bytes of flash, the budget is 39, 2.6% over{hottest}",
    )


def test_a_loop_is_listed_by_its_instructions():
    assert loop_listing(LOOP) == (
        "        63 × ldrsb                        a/dot.c:13",
        "        63 × bne                          a/dot.c:14",
    )
    long = dataclasses.replace(LOOP, lines=LOOP.lines * 20)
    assert len(loop_listing(long)) == 25 and loop_listing(long)[-1].endswith("… and 16 more")


def test_what_an_assertion_shows(result):
    assert repr(result) == (
        "<dot on Cortex-M4: 585 cycles (585 to 590), not validated: issue 328, branch 257; 328 instructions, 4 bytes "
        "of stack, 132 read and 4 written, value 7; hottest loop dot (a/dot.c:13-14): 565 cycles, 63 rounds of 8.968>"
    )


def test_a_run_over_its_budgets():
    run = make_run()
    slowest = max(run.layers, key=lambda layer: layer.cycles)
    (words,) = over_run(run, Budgets(max_arena_bytes=run.memory.arena_bytes - 1, max_cycles=run.totals.cycles))
    assert words.startswith(f"{run.model.name}: {run.memory.arena_bytes:,} bytes of arena, the budget is ")
    assert words.endswith(f"; slowest layer {slowest.index} {slowest.op}: {slowest.cycles:,} cycles")
