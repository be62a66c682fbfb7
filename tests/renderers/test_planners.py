"""The text of a study: planners, what holds the peak, order, aliases, and the plan that was written."""

import dataclasses

import pytest
import tflite_writer
from conftest import make_budget, make_linked_flash
from one_layer import Layer, Value, model_file

from mcusim.memory_record import NoPlan, RuntimeInfo, WorseInfo, WrittenInfo
from mcusim.memory_report import report
from mcusim.memory_study import study
from mcusim.record import Owner, Touched
from mcusim.renderers import planners
from mcusim.tflite import parse

WORSE = WorseInfo(RuntimeInfo("cmsis_nn", True, True), 900, 960)


def words_of(found, width=80):
    return " ".join(planners.text(found, width).split())


@pytest.fixture(scope="module")
def example():
    root = tflite_writer.convolution()
    root["Subgraphs"][0]["Operators"][0]["BuiltinOptions"]["StrideH"] = 1
    return report(study(parse(tflite_writer.write(root), "small")))


def test_the_report(example):
    text = planners.text(example)
    words = " ".join(text.split())
    assert text.startswith("small: the smallest arena is 944 bytes\n")
    assert "CMSIS-NN kernels on a Cortex-M with DSP instructions (no board was named" in words
    assert "\ngreedy" in text and "  optimal  " in text and "\nlinear" in text
    assert "alive at once: 96 bytes in layer 0 (CONV_2D) and as much at 1 other moment: conv 48, input 32" in words
    assert "no better order was found" in text
    assert "1 place, none where that would make the head smaller" in text
    assert "Arena over time, planned by greedy\n" in text
    for absent in ("has the plan", "FITS", "both sides", "Flash as linked", "Watched"):
        assert absent not in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_keep_to_the_width(example, width):
    written = WrittenInfo("out.tflite", "greedy", 944, 944, 128, (WORSE,))
    found = dataclasses.replace(example, written=written)
    if width >= 80:
        found = dataclasses.replace(found, budget=make_budget(), linked_flash=make_linked_flash())
    assert max(map(len, planners.text(found, width).splitlines())) <= width


def test_a_named_board_and_other_runtimes(example):
    for kernels, dsp, mve, words in (
        ("cmsis_nn", True, True, "Helium"),
        ("reference", True, False, "reference kernels"),
        ("cmsis_nn", False, False, "without DSP instructions"),
    ):
        assert words in words_of(dataclasses.replace(example, runtime=RuntimeInfo(kernels, dsp, mve), board="b"))
    assert "(as on b)" in words_of(dataclasses.replace(example, board="b"))


def test_what_was_written(example):
    worse = WorseInfo(RuntimeInfo("reference", True, False), 900, 960)
    written = WrittenInfo("out.tflite", "best_fit", 944, 900, 128, (worse,))
    words = words_of(dataclasses.replace(example, written=written))
    assert "out.tflite has the plan of best_fit: smallest arena 900 bytes, 44 bytes less than without" in words
    assert "the file is 128 bytes larger" in words
    assert "it takes 960 bytes instead of 900" in words
    same = dataclasses.replace(written, after_bytes=944, planner="greedy")
    assert "as without: the greedy plan is the best" in words_of(dataclasses.replace(example, written=same))


def test_aliases_that_save():
    values = [Value((1, 64), 0.1), Value((1, 64), 0.1)]
    text = planners.text(report(study(parse(model_file(values, [Layer("RELU", (0,), 1)], [1]), "relu"))))
    assert "    0  RELU      in place  t1      t0    -64     -64\n" in text
    assert "all that go together: greedy head 128 → 64 bytes, alive at once 128 → 64" in " ".join(text.split())


def test_a_changed_order_and_a_planner_that_is_not_there(example):
    order = dataclasses.replace(example.order, ops=(1, 0), head_before_bytes=200, head_bytes=96, live_bytes=96)
    missing = (NoPlan("optimum", "it needs a solver"),)
    text = planners.text(dataclasses.replace(example, order=order, missing=missing))
    assert "greedy head 200 → 96 bytes" in text and "\n  1 0\n" in text
    assert "\noptimum: it needs a solver\n" in text


def test_a_verdict_and_the_board_s_side(example):
    board = {"board": "b", "board_reason": None, "fits_reason": None}
    sides = {"budget": make_budget(), "linked_flash": make_linked_flash()}
    words = words_of(dataclasses.replace(example, fits=True, **board, **sides))
    assert "FITS b: RAM leaves an arena of up to 190,000 bytes, 166,240 more than it needs" in words
    assert "the stack of the kernels is not counted, --watch does" in words
    assert "The arena from both sides" in words and "Flash as linked" in words
    words = words_of(dataclasses.replace(example, fits=False, reasons=("RAM: too small",), **board, **sides))
    assert "DOES NOT FIT RAM: too small" in words
    unknown = dataclasses.replace(example, board="b", budget_reason="layer 0 (FFT) is unknown")
    assert "What b leaves is not known: layer 0 (FFT) is unknown" in words_of(unknown)
    assert "FITS the arena that was given" in words_of(dataclasses.replace(example, fits=True, fits_reason=None))


def test_what_was_watched(example):
    owners = tuple(Owner(f"owner {number}", 10 - number, "tensor") for number in range(8))
    touched = Touched(944, 892, 48, 44, 100, 96, owners)
    words = words_of(dataclasses.replace(example, touched=touched, touched_reason=None))
    assert "arena 944 892 scratch of all layers 48 44 stack of the kernels 100 96" in words
    assert "never written: owner 0 10," in words and "owner 5 5, 2 more" in words


def test_a_map_for_each_planner_that_is_asked_for(example):
    text = planners.text(dataclasses.replace(example, maps=("greedy", "linear")))
    assert "planned by greedy\n" in text and "planned by linear\n" in text


def test_names_from_a_file_do_nothing_to_a_terminal(example):
    buffers = tuple(dataclasses.replace(one, name="a\x1b[31m\nb") for one in example.buffers)
    assert "\x1b" not in planners.text(dataclasses.replace(example, buffers=buffers))
