"""The table of layers, read back by Python's csv module."""

import csv
import dataclasses
import io

import pytest

from mcusim.renderers import RENDERERS
from mcusim.trace import CAUSES

NUMBERS = (
    "macs",
    "instructions",
    "cycles",
    "least_cycles",
    "most_cycles",
    "scratch_bytes",
    "stack_bytes",
    "live_bytes",
)


def rows(text):
    """Strict: a quote out of place is an error."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def renamed(run, name):
    first = dataclasses.replace(run.layers[0], name=name)
    return dataclasses.replace(run, layers=(first, *run.layers[1:]))


def test_a_row_a_layer_with_its_figures(example_run):
    found = rows(RENDERERS["csv"](example_run))
    for row, layer in zip(found, example_run.layers, strict=True):
        for column in NUMBERS:
            assert row[column] == str(getattr(layer, column)), column
        causes = {cause: int(row[f"{cause}_cycles"]) for cause in CAUSES}
        assert causes == layer.cycles_by_cause and row["bit_exact"] == "true"
    first = found[0]
    assert (first["input_shapes"], first["output_shapes"]) == ("1×490", "1×25×5×64")
    assert first["cycles_per_mac"] == "1.6011" and first["latency_us"] == "8005.391"
    assert (first["bound_by"], first["beyond_issue"]) == ("issue", "load_store")
    assert first["run_error_percent"] == "" and first["run_error_source"].startswith("not validated")
    assert sum(float(row["cycles_share_percent"]) for row in found) == pytest.approx(100, abs=0.01)


def test_lines_end_as_rfc_4180_has_them_and_all_are_as_long(example_run):
    text = RENDERERS["csv"](renamed(example_run, 'a "quoted", comma\r\nand line'))
    assert text.count("\r\n") == text.count("\n") == len(example_run.layers) + 1
    assert len({len(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)}) == 1


@pytest.mark.parametrize("name", ["=1+2", "+x", "-x", "@SUM(A1)", "\t=1", "  =1", "\uff1d1", "\r-1"])
def test_no_name_is_a_formula(example_run, name):
    cell = rows(RENDERERS["csv"](renamed(example_run, name)))[0]["name"]
    assert cell[0] in "'\ufffd" and cell.isprintable()


def test_a_harmless_name_is_as_it_is(example_run):
    assert rows(RENDERERS["csv"](renamed(example_run, "a=b, 'c'")))[0]["name"] == "a=b, 'c'"


def test_what_was_not_executed_is_empty(estimated_run):
    for row, layer in zip(rows(RENDERERS["csv"](estimated_run)), estimated_run.layers, strict=True):
        unknown = ("instructions", "stack_bytes", "bit_exact", "bound_by", *(f"{cause}_cycles" for cause in CAUSES))
        assert {row[column] for column in unknown} == {""}
        assert row["executed"] == "false" and row["cycles"] == row["estimated_cycles"] == str(layer.cycles)


def test_without_layers_there_is_the_header(planned_run, example_run):
    assert RENDERERS["csv"](planned_run).splitlines() == RENDERERS["csv"](example_run).splitlines()[:1]
