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
    assert "layer 3 DEPTHWISE_CONV_2D: layer_3[0, 1, 2, 3]: target 5, reference 4 (17 of 8,000" in report


def test_estimates_stand_beside_executed_cycles(example_run):
    first = dataclasses.replace(example_run.layers[0], estimated_cycles=2 * example_run.layers[0].cycles)
    run = dataclasses.replace(example_run, layers=(first, *example_run.layers[1:]))
    assert re.search(r"^ 0  CONV_2D .* \+100\.0%  = reference$", validation.render(run), re.MULTILINE)


@pytest.mark.parametrize("width", [60, 80])
def test_the_legend_keeps_to_the_width(example_run, width):
    legend = validation.render(example_run, width).partition("reference  the")[2]
    assert legend and max(len(line) for line in legend.splitlines()) <= width


def test_one_layer_is_no_plural(example_run):
    run = dataclasses.replace(example_run, layers=example_run.layers[:1])
    assert "nano33ble: its layer is bit-exact\n" in validation.render(run)
