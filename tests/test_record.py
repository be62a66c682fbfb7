"""Run ↔ mcusim.run/1: the schema that ships, the round trip, and saved runs that nobody can trust."""

import copy
import dataclasses
import json
import typing
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim import record
from mcusim.errors import BadInputError
from mcusim.trace import CAUSES

SCHEMA = json.loads((Path(record.__file__).parent / "run_schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def document(example_run):
    return record.to_json(example_run)


def places(value, path=()):
    """The path of every value in a document."""
    yield path
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def dataclass_of(annotation):
    if dataclasses.is_dataclass(annotation):
        return annotation
    return next((found for one in typing.get_args(annotation) if (found := dataclass_of(one))), None)


def test_schema_is_a_schema_with_an_id():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:mcusim:schema:run:1"


def test_schema_has_the_fields_of_the_dataclasses():
    """The schema is written by hand; it cannot drift from what is written and read."""

    def compare(kind, schema):
        names = [field.name for field in dataclasses.fields(kind) if field.name != "output_digests"]
        assert sorted(schema["properties"]) == sorted(schema["required"]) == sorted(names), kind.__name__
        assert schema["additionalProperties"] is False
        hints = typing.get_type_hints(kind)
        for name in names:
            inner = dataclass_of(hints[name])
            if inner is not None:
                compare(inner, SCHEMA["$defs"][inner.__name__])

    compare(record.Run, SCHEMA)
    assert sorted(SCHEMA["$defs"]["CyclesByCause"]["required"]) == sorted(CAUSES)


def test_a_run_is_valid_json_of_the_schema(document):
    VALIDATOR.validate(json.loads(json.dumps(document, allow_nan=False)))


def test_round_trips(example_run, document):
    assert record.from_json(document) == example_run
    assert record.to_json(record.from_json(document)) == document
    again = json.loads(json.dumps(document))
    assert record.to_json(record.from_json(again)) == again


def test_outputs_are_digests(example_run):
    run = dataclasses.replace(example_run, outputs=(np.zeros((1, 12), np.int8),))
    assert record.to_json(run)["outputs"] == [{"shape": [1, 12], "dtype": "int8", "sha256": "d" * 64}]
    assert record.from_json(record.to_json(run)).outputs == ()


def test_numpy_scalars_become_plain_numbers(example_run):
    run = dataclasses.replace(example_run, totals=dataclasses.replace(example_run.totals, macs=np.int64(5)))
    assert type(record.to_json(run)["totals"]["macs"]) is int


def test_a_value_that_is_not_known_needs_its_reason(document):
    document["totals"]["energy_j"] = None
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(BadInputError, match=r"totals\.energy_j: expected a value, or none and energy_j_reason"):
        record.from_json(document)
    document["totals"]["energy_j_reason"] = "nobody measured it"
    VALIDATOR.validate(document)
    assert record.from_json(document).totals.energy_j is None


def test_a_run_without_cycles_says_why_and_has_no_layers(document):
    unknown = ("instructions", "cycles", "least_cycles", "most_cycles", "cycles_by_cause", "latency_s")
    document["totals"].update(dict.fromkeys(unknown), cycles_reason="nothing executes this core")
    with pytest.raises(BadInputError, match=r"totals: expected cycles, .* and layers, or none and cycles_reason"):
        record.from_json(document)
    document["layers"] = []
    VALIDATOR.validate(document)
    assert record.from_json(document).totals.cycles is None
    for name in unknown[:1] + unknown[2:]:
        known = {"cycles_by_cause": dict.fromkeys(CAUSES, 0)}.get(name, 0)
        with pytest.raises(BadInputError, match="totals: expected cycles"):
            record.from_json({**document, "totals": {**document["totals"], name: known}})
    document["totals"]["cycles_reason"] = None
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(BadInputError, match=r"totals\.cycles: expected a value, or none and cycles_reason"):
        record.from_json(document)


LOOP = {
    **{"code": 1, "iterations": 9, "cycles": 100_000, "cycles_by_cause": dict.fromkeys(CAUSES, 12_500)},
    **{"line_counts": [9] * 5, "line_cycles": [20_000] * 5},
}
BROKEN = [
    (("schema",), "mcusim.run/2", "mcusim.soak/1) is expected, found 'mcusim.run/2'"),
    (("totals", "cycles_by_cause", "bogus"), 0, "totals.cycles_by_cause: bogus is no cause; there are issue, load"),
    (("layers", 0, "cycles_by_cause", "bogus"), 0, "layers[0].cycles_by_cause: bogus is no cause"),
    (("layers", 0, "loops", 0, "cycles_by_cause", "bogus"), 0, "loops[0].cycles_by_cause: bogus is no cause"),
    (("totals", "cycles"), 1, "totals.cycles: expected the sum of its causes"),
    (("totals", "macs"), 1, "totals.macs: expected the sum over the layers"),
    (("layers", 2, "cycles"), 5, "totals.cycles: expected the sum over the layers"),
    (("layers", 2, "cycles_by_cause", "issue"), -1, "layers[2].cycles_by_cause.issue: expected 0 or more"),
    (("totals", "instructions"), 1, "totals.instructions: expected the sum over the layers"),
    (("layers", 2, "index"), 7, "layers[2].index: expected its place"),
    (("layers", 0, "functions", 0, "cycles"), 1, "layers[0].cycles: expected the sum of its functions"),
    (("memory", "owners", 0, "bytes"), 1, "the sum of its owners"),
    (("flash", "owners", 0, "bytes"), 1, "the sum of its owners"),
    (("memory", "holes", "wasted_bytes"), 1, "wasted_bytes: expected peak_bytes"),
    (("layers", 0, "bit_exact"), "yes", "layers[0].bit_exact: expected true or false, found 'yes'"),
    (("layers", 0, "shape"), "wide", "layers[0].shape: expected a list"),
    (("memory", "owners", 1, "bytes"), "8k", "memory.owners[1].bytes: expected an integer"),
    (("memory", "by_kernels", "cmsis_nn"), 4, "memory.by_kernels.cmsis_nn: expected a table"),
    (("verdict", "ram", "headroom_bytes"), 1, "verdict.ram.headroom_bytes: expected available − used"),
    (("fits",), False, "fits: expected true exactly where"),
    (("board", "clock_hz"), 0, "board.clock_hz: expected 1 or more"),
    (("totals", "latency_s"), float("nan"), "totals.latency_s: expected a finite number"),
    (("outputs",), {}, "outputs: expected a list"),
    (("outputs", 0, "sha256"), 3, "outputs[0]: sha256: expected a text"),
    (("layers", 0, "loops", 0, "code"), 3, "layers[0].loops[0].code: expected a place in hot_code, which has 3"),
    (("layers", 0, "loops", 0, "code"), 1, "layers[0].loops[0]: expected line_counts and line_cycles of 5 lines"),
    (("layers", 0, "loops", 1, "line_counts"), [1], "layers[0].loops[1]: expected line_counts and line_cycles of 4"),
    (("layers", 0, "loops", 0, "line_cycles", 3), 1, "loops[0].cycles: expected the sum of its lines"),
    (("layers", 0, "loops", 0, "cycles_by_cause", "issue"), 1, "loops[0].cycles: expected the sum of its causes"),
    (("layers", 9, "loops"), [LOOP], "layers[9].loops: expected at most the layer's cycles, 61,007, found 100,000"),
    (("layers", 4, "live_bytes"), 5, "layers[4].live_bytes: expected the sum of the buffers that live then, 16,000"),
    (("memory", "buffers", 3, "offset"), 8_001, "memory.buffers[3]: expected bytes up to planned_bytes, all within"),
    (("memory", "buffers", 0, "bytes"), 497, "memory.buffers[0]: expected bytes up to planned_bytes"),
    (("memory", "buffers", 0, "first_moment"), -1, "memory.buffers[0]: expected moments from 0 on in order"),
    (("memory", "buffers", 0, "last_moment"), 14, "memory.buffers[0].last_moment: expected at most 13"),
    (("notes",), None, "notes: expected a list, found null"),
    (("extra",), 1, "unknown key 'extra'"),
    (("output_digests",), [], "outputs is missing"),
]


@pytest.mark.parametrize("path, value, expected", BROKEN, ids=[".".join(map(str, path)) for path, _, _ in BROKEN])
def test_wrong_values_are_named(document, path, value, expected):
    at(document, path[:-1])[path[-1]] = value
    with pytest.raises(BadInputError) as caught:
        record.from_json(document, "saved.json")
    assert str(caught.value).startswith("saved.json: ")
    assert expected in str(caught.value)


def test_every_key_is_needed(document):
    for path in list(places(document)):
        if path and isinstance(path[-1], str) and path[-2:-1] not in [("by_kernels",), ("cycles_by_cause",)]:
            broken = copy.deepcopy(document)
            del at(broken, path[:-1])[path[-1]]
            with pytest.raises(BadInputError):
                record.from_json(broken)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_value_is_read_or_refused(example_run, data):
    """One value anywhere becomes anything: from_json answers with a Run that round-trips, or a BadInputError."""
    document = record.to_json(example_run)
    path = data.draw(st.sampled_from([path for path in places(document) if path]))
    junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just({}) | st.just([])
    at(document, path[:-1])[path[-1]] = data.draw(junk)
    try:
        run = record.from_json(document)
    except BadInputError:
        return
    assert record.to_json(run) == document


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, [[]]])
def test_documents_that_are_no_run(junk):
    with pytest.raises(BadInputError):
        record.from_json(junk)


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\x00\xff", "is not UTF-8"),
        (b"[" * 200_000, "is not JSON"),
        (b'{"schema": ' + b"9" * 10_000 + b"}", "is not JSON"),
        (b"[1, 2]", "expected a mcusim.run/1 document"),
        (b'{"schema": "mcusim.run/1"}', "outputs is missing"),
    ],
    ids=["empty", "cut", "binary", "deep", "endless number", "list", "nearly empty"],
)
def test_saved_files_that_are_no_run(tmp_path, content, expected):
    path = tmp_path / "saved.json"
    path.write_bytes(content)
    with pytest.raises(BadInputError) as caught:
        record.load_run(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_load_run_reads_what_was_written(tmp_path, document, example_run):
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert record.load_run(path) == example_run
