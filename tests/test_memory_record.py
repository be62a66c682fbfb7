"""MemoryReport ↔ mcusim.memory/1: the schema that ships, the round trip, and saved reports that nobody can trust."""

import dataclasses
import json
import typing
from pathlib import Path

import jsonschema
import pytest
from conftest import with_value

from mcusim import memory_record
from mcusim.errors import BadInputError
from mcusim.hardware import load_board
from mcusim.memory_record import MemoryReport
from mcusim.memory_report import report
from mcusim.memory_study import study, write_plan
from mcusim.plan import plan
from mcusim.run import run
from mcusim.tflite import load

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "mcusim" / "memory_schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A report with everything in it: board, copy, watched run."""
    model, board = load(ROOT / "models" / "digits_cnn.tflite"), load_board("nano33ble")
    planned, found = plan(model, board), study(model)
    written = write_plan(found, tmp_path_factory.mktemp("copy") / "out.tflite")
    found = dataclasses.replace(found, board=board.id)
    return report(
        found,
        maps=["linear"],
        plan=planned,
        written=written,
        watched=run(planned, link_orders=False),
        command="mcusim memory",
    )


@pytest.fixture(scope="module")
def plain():
    """A report without any of that."""
    return report(study(load(ROOT / "models" / "digits_cnn.tflite")))


@pytest.fixture
def document(full):
    return json.loads(memory_record.json_text(full))


def test_schema_is_a_schema_with_an_id():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:mcusim:schema:memory:1"


def test_schema_has_the_fields_of_the_dataclasses():
    def compare(kind, schema, more=()):
        names = [*more, *(one.name for one in dataclasses.fields(kind))]
        assert sorted(schema["properties"]) == sorted(schema["required"]) == sorted(names), kind.__name__
        assert schema["additionalProperties"] is False
        for hint in typing.get_type_hints(kind).values():
            inner = dataclass_of(hint)
            if inner is not None:
                compare(inner, SCHEMA["$defs"][inner.__name__])

    compare(MemoryReport, SCHEMA, ("schema", "mcusim_version"))


def dataclass_of(annotation):
    if dataclasses.is_dataclass(annotation):
        return annotation
    return next((found for one in typing.get_args(annotation) if (found := dataclass_of(one))), None)


def test_parts_that_runs_have_too_are_the_same_in_both_schemas():
    of_runs = json.loads((ROOT / "mcusim" / "run_schema.json").read_text(encoding="utf-8"))["$defs"]
    for name in ("Budget", "LinkedFlash", "Touched", "Owner"):
        assert SCHEMA["$defs"][name] == of_runs[name]


def test_reports_are_valid_and_round_trip(full, plain):
    for one in (full, plain):
        document = json.loads(memory_record.json_text(one))
        VALIDATOR.validate(document)
        assert memory_record.from_json(document, "x.json") == one


def test_a_file(full, tmp_path):
    saved = tmp_path / "saved.json"
    saved.write_text(memory_record.json_text(full))
    assert memory_record.load_report(saved) == full
    saved.write_text("{")
    with pytest.raises(BadInputError, match="is not JSON"):
        memory_record.load_report(saved)


def test_names_cannot_act_on_a_terminal(full):
    model = dataclasses.replace(full.model, name="\x1b[31m\u202e")
    text = memory_record.json_text(dataclasses.replace(full, model=model))
    assert text.isascii() and "\x1b" not in text


BROKEN = {
    "schema": ("mcusim.run/1", "schema: a report saved with mcusim memory"),
    "in_use": ("nobody", "in_use: expected one of the planners"),
    "maps": (["nobody"], "maps: expected one of the planners"),
    "maps.1": ("greedy", "maps: expected each planner once"),
    "live_bytes": ([1], "live_bytes: expected a figure for each"),
    "live_bytes.0": (1, "live_bytes: expected what the buffers' lifetimes"),
    "live_bound_bytes": (1, "live_bound_bytes: expected the most"),
    "head_bytes": (1, "head_bytes: expected that of the plan in use"),
    "arena_bytes": (1, "arena_bytes: expected head_bytes and the tail"),
    "tail.0.bytes": (-1, "tail: expected sizes of 0 or more"),
    "buffers.0.first_moment": (-5, r"buffers\[0\]: expected moments"),
    "buffers.0.last_moment": (10**9, r"buffers\[0\]: expected moments"),
    "buffers.0.planned_bytes": (-1, r"buffers\[0\]: expected bytes of 0 or more"),
    "buffers.0.bytes": (2**80, "63 bits"),
    "buffers.0.kind": ("weights", "expected one of 'input or output'"),
    "plans.0.offsets": ([0], r"plans\[0\]\.offsets: expected an offset for each"),
    "plans.0.offsets.0": (-16, r"plans\[0\]\.offsets: expected offsets of 0 or more"),
    "plans.0.head_bytes": (1, r"plans\[0\]\.head_bytes: expected the end of the highest"),
    "plans.0.wasted_bytes": (1, r"plans\[0\]\.wasted_bytes: expected"),
    "plans.0.pins": ([99], r"plans\[0\]\.pins: expected numbers of buffers"),
    "plans.0.planner": ("linear", "plans: expected one plan a planner"),
    "order.ops": ([0], "order.ops: expected each layer once"),
    "aliases.together": ([99], "aliases.together: expected places"),
    "aliases.aliases.0.layer": (99, "aliases.aliases: expected layers"),
    "fits": (False, "fits: expected false exactly"),
    "budget": (None, "budget: expected a value, or none and budget_reason"),
    "model.layers": ([{"op": "X", "name": "x"}] * 20_000, "model.layers: expected at most"),
    "extra": (1, "unknown key 'extra'"),
    "touched": ([], "expected a table"),
}


@pytest.mark.parametrize("key", BROKEN)
def test_what_contradicts_itself_is_refused(document, key):
    value, message = BROKEN[key]
    with pytest.raises(BadInputError, match=message):
        memory_record.from_json(with_value(document, key, value), "x.json")


def test_anything_else_is_refused():
    for one in (None, [], 3, "x", {}, {"schema": None}):
        with pytest.raises(BadInputError, match="schema"):
            memory_record.from_json(one, "x.json")
