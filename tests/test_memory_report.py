"""The report of a study: what it takes from the study, the plan on a board, and a watched run."""

import dataclasses
from pathlib import Path

import pytest

from mcusim import record
from mcusim.errors import UnsupportedError
from mcusim.hardware import load_board
from mcusim.memory_report import NO_BOARD, report
from mcusim.memory_study import study, write_plan
from mcusim.plan import plan
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def found():
    return study(load(MODELS / "vww_mobilenet_v1_025.tflite"))


def test_figures_are_those_of_the_study(found):
    of = report(found)
    arena = found.plans.plans["greedy"].arena
    assert (of.smallest_arena_bytes, of.head_bytes) == (100_624, 73_728)
    assert of.arena_bytes == arena.used_bytes
    assert of.tail_bytes == arena.tail_bytes
    assert [one.planner for one in of.plans] == list(found.plans.plans)
    assert of.best == found.plans.best.planner and of.in_use == "greedy"
    assert of.fullest == found.plans.fullest
    assert of.alive(of.fullest[0]) == found.plans.alive(of.fullest[0])
    assert of.moment_words(0) == "before the first layer" and of.moment_words(3) == "in layer 2 (CONV_2D)"
    assert (of.board, of.board_reason, of.fits, of.fits_reason) == (None, NO_BOARD, None, NO_BOARD)
    assert of.budget is None and of.budget_reason == NO_BOARD and of.reasons == ()


def test_kinds_of_buffers(found):
    kinds = {one.name: one.kind for one in report(found).buffers}
    model = found.model
    assert kinds[model.tensors[model.inputs[0]].name] == "input or output"
    assert kinds[model.tensors[model.outputs[0]].name] == "input or output"
    assert kinds[model.tensors[model.ops[0].outputs[0]].name] == "intermediate"
    assert {kind for name, kind in kinds.items() if name.startswith("scratch ")} == {"scratch"}


def test_a_size_by_hand_is_judged_without_a_board(found):
    assert report(found, given_arena_bytes=100_624).fits is True
    short = report(found, given_arena_bytes=100_608)
    assert short.fits is False and "16 fewer than the 100,624" in short.reasons[0]


def test_a_board_s_verdict_and_budget(found):
    small = plan(found.model, load_board("bluepill_f103"))
    of = report(dataclasses.replace(found, board="bluepill_f103"), plan=small, no_plan="")
    assert of.fits is False and of.reasons == small.verdict().reasons
    assert of.budget.least_arena_bytes == of.smallest_arena_bytes > of.budget.most_arena_bytes
    assert of.linked_flash is not None and of.linked_flash_reason is None


def test_a_model_with_a_plan_uses_it(found, tmp_path):
    written = write_plan(found, tmp_path / "out.tflite")
    of = report(found, written=written)
    assert of.written.after_bytes == written.after_bytes == 82_192
    again = report(study(load(tmp_path / "out.tflite")))
    assert again.in_use == "offline" and again.smallest_arena_bytes == 82_192
    assert again.head_bytes == again.plan("offline").head_bytes


def test_maps_of_planners_that_there_are(found):
    assert report(found, maps=["optimum", "greedy", "optimum"]).maps == ("greedy", "optimum")
    with pytest.raises(UnsupportedError, match=r"no planner 'worst' has a plan of vww.*; known: greedy, linear"):
        report(found, maps=["worst"])
    without = dataclasses.replace(found, plans=dataclasses.replace(found.plans, missing={"optimum": "no solver"}))
    with pytest.raises(UnsupportedError, match=r"optimum has no plan of vww.*: no solver"):
        report(without, maps=["optimum"])


def test_a_watched_run_completes_it(found, example_run):
    of = report(found, plan=plan(found.model, load_board("nano33ble")), watched=example_run)
    assert isinstance(of.touched, record.Touched) and of.touched_reason is None
    assert of.budget == example_run.budget and of.reasons == example_run.verdict.reasons
