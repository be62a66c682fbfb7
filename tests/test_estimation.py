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
from mcusim.hardware import load_board
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
    assert "no formula" in RENDERERS["text"](found)


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
