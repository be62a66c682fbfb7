"""A row a layer, every first difference, and the arena."""

import dataclasses
import re

import pytest

from mcusim.renderers import validation


def test_agreement(example_run):
    report = validation.render(example_run)
    assert report.startswith("kws_ds_cnn on nano33ble: all 13 layers are bit-exact\n")
    assert "DIFFER" not in report
    assert report.count("= reference\n") == 13
    assert re.search(r"^ 0  CONV_2D +1×25×5×64 +640 +312 +[0-9,]+ +–  = reference$", report, re.MULTILINE)
    assert "23,748 bytes: head 16,000, tail 7,748; smallest accepted 23,760" in report


def test_a_difference_is_named(bad_run):
    report = validation.render(bad_run)
    assert "1 of 13 layers DIFFER" in report
    assert "DIFFERS\n" in report
    assert "The first divergence is in layer 3, DEPTHWISE_CONV_2D: its operands are the" in report
    assert "  tensor       layer_3[0, 1, 2, 3]\n  elements     17 of 8,000 differ, by up to 2\n" in report
    assert "  target       5\n  reference    4\n  accumulator  1,500, int32, the bias of 100 in it\n" in report
    assert "multiplier   1,073,741,824, shift -8: × it · 2^-39 is 2.9296875\n" in report
    assert "rounded      750 / 2^8 = 2.9296875, 3, +1 for the zero point, held in -128 …\n" in report


def test_estimates_stand_beside_executed_cycles(example_run):
    first = dataclasses.replace(example_run.layers[0], estimated_cycles=2 * example_run.layers[0].cycles)
    run = dataclasses.replace(example_run, layers=(first, *example_run.layers[1:]))
    assert re.search(r"^ 0  CONV_2D .* \+100\.0%  = reference$", validation.render(run), re.MULTILINE)


@pytest.mark.parametrize("width", [60, 80])
def test_the_legend_keeps_to_the_width(example_run, width):
    legend = validation.render(example_run, width).partition("reference  the")[2]
    assert legend and max(len(line) for line in legend.splitlines()) <= width


@pytest.mark.parametrize("width", [60, 80])
def test_the_error_of_the_cycles_is_at_the_end(example_run, width):
    last = validation.render(example_run, width).rstrip("\n").rpartition("\n\n")[2]
    assert " ".join(last.split()) == f"error of the cycles: {example_run.totals.error_percent_reason}"
    known = dataclasses.replace(example_run.totals, error_percent=31.0, error_percent_reason=None, error_source="so")
    shown = validation.render(dataclasses.replace(example_run, totals=known), width)
    assert shown.endswith("\nerror of the cycles: ±31%, so\n")


def test_one_layer_is_no_plural(example_run):
    run = dataclasses.replace(example_run, layers=example_run.layers[:1])
    assert "nano33ble: its layer is bit-exact\n" in validation.render(run)
