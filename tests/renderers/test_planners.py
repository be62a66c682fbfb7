"""The text of a study: planners, what holds the peak, order, aliases, and the plan that was written."""

import dataclasses

import pytest
import tflite_writer
from one_layer import M4, M55, REFERENCE, Layer, Value, model_file

from mcusim.head_plans import HeadPlans
from mcusim.memory_study import Study, Written, study
from mcusim.renderers import planners
from mcusim.tflite import parse


@pytest.fixture(scope="module")
def example():
    root = tflite_writer.convolution()
    root["Subgraphs"][0]["Operators"][0]["BuiltinOptions"]["StrideH"] = 1
    return study(parse(tflite_writer.write(root), "small"))


def test_the_report(example):
    report = planners.text(example)
    words = " ".join(report.split())
    assert report.startswith("small: the smallest arena is 944 bytes\n")
    assert "CMSIS-NN kernels on a Cortex-M with DSP instructions (no board was named" in words
    assert "\ngreedy" in report and "  optimal  " in report and "\nlinear" in report
    assert "alive at once: 96 bytes in layer 0 (CONV_2D) and as much at 1 other moment: conv 48, input 32" in words
    assert "no better order was found" in report
    assert "1 place, none where that would make the head smaller" in report
    assert "has the plan" not in report


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_keep_to_the_width(example, width):
    report = planners.text(example, Written("out.tflite", "greedy", 944, 944, 128, ((M55, 900, 960),)), width)
    assert max(map(len, report.splitlines())) <= width


def test_a_named_board_and_other_runtimes(example):
    for runtime, words in ((M55, "Helium"), (REFERENCE, "reference kernels"), (M4, "with DSP instructions")):
        assert words in " ".join(planners.text(dataclasses.replace(example, runtime=runtime, board="b")).split())
    assert "(as on b)" in " ".join(planners.text(dataclasses.replace(example, board="b")).split())


def test_what_was_written(example):
    written = Written("out.tflite", "best_fit", 944, 900, 128, ((REFERENCE, 900, 960),))
    words = " ".join(planners.text(example, written).split())
    assert "out.tflite has the plan of best_fit: smallest arena 900 bytes, 44 bytes less than without" in words
    assert "the file is 128 bytes larger" in words
    assert "it takes 960 bytes instead of 900" in words
    same = dataclasses.replace(written, after_bytes=944, planner="greedy")
    assert "as without: the greedy plan is the best" in " ".join(planners.text(example, same).split())


def test_aliases_that_save():
    values = [Value((1, 64), 0.1), Value((1, 64), 0.1)]
    report = planners.text(study(parse(model_file(values, [Layer("RELU", (0,), 1)], [1]), "relu")))
    assert "    0  RELU      in place  t1      t0    -64     -64\n" in report
    assert "all that go together: greedy head 128 → 64 bytes, alive at once 128 → 64" in " ".join(report.split())


def test_a_changed_order_and_a_planner_that_is_not_there(example):
    order = dataclasses.replace(example.order, ops=(1, 0), head_before_bytes=200, head_bytes=96, live_bytes=96)
    plans: HeadPlans = dataclasses.replace(example.plans, missing={"optimum": "it needs a solver"})
    report = planners.text(dataclasses.replace(example, order=order, plans=plans))
    assert "greedy head 200 → 96 bytes" in report and "\n  1 0\n" in report
    assert "\noptimum: it needs a solver\n" in report


def test_names_from_a_file_do_nothing_to_a_terminal(example):
    buffers = tuple(dataclasses.replace(one, name="a\x1b[31m\nb") for one in example.plans.buffers)
    hostile: Study = dataclasses.replace(example, plans=dataclasses.replace(example.plans, buffers=buffers))
    assert "\x1b" not in planners.text(hostile)
