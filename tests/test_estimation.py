"""Runs of estimates: their record, and estimates beside executed layers."""

import dataclasses
import importlib
import json
from pathlib import Path

import jsonschema
import pytest

from mcusim import record
from mcusim.errors import BadInputError
from mcusim.estimation import NOT_DEFAULT, plan_estimate
from mcusim.expectation import expected_error, no_error
from mcusim.hardware import load_board
from mcusim.memory_systems import memory_timing
from mcusim.plan import plan
from mcusim.renderers import RENDERERS, validation
from mcusim.run import estimate_only, run
from mcusim.tflite import load

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "mcusim" / "run_schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def planned():
    return plan(load(ROOT / "models" / "digits_cnn.tflite"), load_board("sparkfun_edge"))


def test_an_estimated_run(planned):
    found = estimate_only(planned)
    assert found.provenance.engine == "estimate" and found.totals.instructions is None
    assert found.totals.cycles == sum(layer.cycles for layer in found.layers)
    assert found.totals.latency_s == found.totals.cycles / planned.board.clock_hz
    assert all(layer.bit_exact is None and layer.bit_exact_reason for layer in found.layers)
    assert found.output_digests == () and found.fits
    assert "estimated, not executed" in RENDERERS["text"](found)


def test_its_document(planned):
    document = record.to_json(estimate_only(planned))
    jsonschema.validate(document, SCHEMA)
    assert record.to_json(record.from_json(document)) == document


@pytest.mark.parametrize(
    ("key", "value"), [("cycles", 1), ("instructions", 5), ("bit_exact", True), ("cycles_by_cause", {"issue": 1})]
)
def test_a_document_that_was_changed_is_refused(planned, key, value):
    document = record.to_json(estimate_only(planned))
    document["layers"][0][key] = value
    with pytest.raises(BadInputError):
        record.from_json(document)


def test_an_operator_without_a_formula(planned, monkeypatch):
    """The layer and the totals are null with the reason, never 0."""
    unknown = dataclasses.replace(plan_estimate(planned).layers[0], kernel=None, cycles=None, reason="no formula")
    unknown = dataclasses.replace(unknown, least_cycles=None, most_cycles=None, error_percent=None)
    estimate = dataclasses.replace(
        plan_estimate(planned),
        cycles=None,
        least_cycles=None,
        most_cycles=None,
        latency_s=None,
        error_percent=None,
        reason="layer 0: no formula",
        layers=(unknown, *plan_estimate(planned).layers[1:]),
    )
    monkeypatch.setattr(importlib.import_module("mcusim.run"), "plan_estimate", lambda plan: estimate)
    found = estimate_only(planned)
    assert found.totals.cycles is None and found.totals.cycles_reason == "layer 0: no formula"
    assert found.layers[0].cycles is None and found.layers[0].estimated_cycles_reason == "no formula"
    document = record.to_json(found)
    jsonschema.validate(document, SCHEMA)
    record.from_json(document)
    assert found.notes[0] == "Nothing was executed."
    report = RENDERERS["text"](found)
    assert "no formula" in report and "Layers" in report
    shares = report.partition("Layers")[2].partition("Arena")[0]
    assert "%" not in shares and "0.00" not in shares


def test_without_any_formula_only_memory_is_reported():
    """Not even the memory timing is asked, which the board's file does not know at this clock."""
    board = load_board("nano33ble").at_clock(16_000_000)
    found = estimate_only(plan(load(ROOT / "models" / "digits_cnn.tflite"), board))
    assert found.totals.cycles is None and "no cost formulas" in found.totals.cycles_reason
    assert found.provenance.memory_model == "none"
    assert record.from_json(record.to_json(found)).totals == found.totals
    assert "Layers" not in RENDERERS["text"](found)


@pytest.mark.parametrize("name", ["nano33ble", "sparkfun_edge"])
def test_the_error_is_that_of_formulas_and_of_emulation(name):
    planned = plan(load(ROOT / "models" / "digits_cnn.tflite"), load_board(name))
    memory = memory_timing(planned.board)
    error = expected_error(planned.board, planned.core, memory)
    words = f"±{error.percent:.2g}%, {error.source}" if error else f"not validated: {no_error(planned.core, memory)}"
    source = estimate_only(planned).totals.error_source
    assert source.startswith("median error of the formulas against emulation") and source.endswith(words)


def test_the_stack_that_ram_leaves_out_is_named(planned):
    assert any("leaves out the stack of the kernels" in note for note in estimate_only(planned).notes)


def test_another_placement_has_no_estimate():
    model, board = load(ROOT / "models" / "digits_cnn.tflite"), load_board("stm32f746g_disco")
    found = plan_estimate(plan(model, board, arena="sram"))
    assert found.cycles is None and found.reason == NOT_DEFAULT
    assert {layer.reason for layer in found.layers} == {NOT_DEFAULT}


def test_executed_layers_have_estimates_beside_them(planned):
    found = run(planned, link_orders=False)
    alone = estimate_only(planned)
    assert [layer.estimated_cycles for layer in found.layers] == [layer.cycles for layer in alone.layers]
    assert all(layer.estimated_cycles_reason is None for layer in found.layers)
    report = validation.render(found, 120)
    assert "estimate" in report and "%" in report
