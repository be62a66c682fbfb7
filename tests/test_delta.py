"""Comparison ↔ mcusim.compare/1: the round trip, and saved comparisons that nobody can trust."""

import dataclasses
import json
import typing
from pathlib import Path

import jsonschema
import pytest
from conftest import with_value
from run_variants import estimated, with_buffer, with_layers, with_longer_loop

from mcusim import delta
from mcusim.compare import compare
from mcusim.errors import BadInputError

SCHEMA = json.loads((Path(delta.__file__).parent / "compare_schema.json").read_text(encoding="utf-8"))


def comparison(*deltas):
    return delta.Comparison(delta.SCHEMA, "0.1.0", "2026-01-02", "mcusim compare a b", deltas, ("a.json",), (), ())


@pytest.fixture
def saved(example_run):
    """Everything in it: a longer loop, a buffer, a layer that is gone, an estimate."""
    other = with_buffer(with_longer_loop(example_run, 3), "x", 64, (1, 3))
    fewer = with_layers(other, other.layers[:-1])
    return comparison(compare(example_run, other), compare(other, fewer), compare(example_run, estimated(example_run)))


def test_what_is_read_is_what_was_written(saved):
    text = delta.json_text(saved)
    assert delta.from_json(json.loads(text)) == saved
    assert delta.json_text(delta.from_json(json.loads(text))) == text
    assert text.isascii()


def dataclasses_of(kind):
    """A dataclass and those in its fields."""
    found = {kind.__name__: kind}
    for annotation in typing.get_type_hints(kind).values():
        for one in (annotation, *typing.get_args(annotation)):
            if dataclasses.is_dataclass(one):
                found |= dataclasses_of(one)
    return found


def test_the_schema_has_the_fields_of_the_dataclasses(saved):
    kinds = dataclasses_of(delta.Comparison)
    assert sorted(SCHEMA["$defs"]) == sorted(kinds.keys() - {"Comparison"})
    for name, kind in kinds.items():
        schema = SCHEMA if name == "Comparison" else SCHEMA["$defs"][name]
        names = [field.name for field in dataclasses.fields(kind)]
        assert list(schema["properties"]) == schema["required"] == names, name
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(delta.to_json(saved))
    for name, part in (("state", delta.State), ("part", delta.Part)):
        enums = [one["properties"][name]["enum"] for one in SCHEMA["$defs"].values() if name in one["properties"]]
        assert enums == [list(typing.get_args(part))]


def test_a_figure_without_a_fraction_is_an_integer(saved):
    metrics = delta.to_json(saved)["deltas"][0]["metrics"]
    assert {type(one["before"]) for one in metrics} == {int, float}
    assert [one["metric"] for one in metrics if isinstance(one["before"], float)] == ["latency_s"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("schema", "mcusim.compare/2", "schema: a comparison saved with mcusim compare --json"),
        ("deltas", [], "deltas: expected one or more, found none"),
        ("deltas.0.layers.3.change", 5, "deltas[0].layers: expected changes that sum to 48,227, found 5"),
        ("deltas.0.layers.3.state", "fused", "layers[3]: expected before and after as its state 'fused' has it"),
        ("deltas.0.layers.3.state", "faster", "layers[3].state: expected one of 'unchanged'"),
        ("deltas.0.causes.0.after", 1, "deltas[0].causes: expected changes that sum to 48,227"),
        ("deltas.0.layers.3.causes.0.after", 1, "deltas[0].layers[3].causes: expected changes that sum to 48,227"),
        ("deltas.0.ram", [], "deltas[0].ram: expected changes that sum to 64, found 0"),
        ("deltas.0.metrics", [], "deltas[0].metrics: expected cycles once"),
        ("deltas.0.metrics.0.metric", "cycle", "deltas[0].metrics: expected cycles once"),
        ("deltas.0.after.clock_hz", "fast", "deltas[0].after.clock_hz: expected an integer, found 'fast'"),
        ("deltas.0.extra", 1, "deltas[0]: unknown key 'extra'"),
    ],
)
def test_a_wrong_document_is_refused_by_key(saved, key, value, said):
    document = with_value(delta.to_json(saved), key, value)
    with pytest.raises(BadInputError) as refused:
        delta.from_json(document, "c.json")
    assert str(refused.value).startswith("c.json: ") and said in str(refused.value)


@pytest.mark.parametrize("document", [None, [], {}, {"schema": 1}])
def test_no_comparison(document):
    with pytest.raises(BadInputError, match="a comparison saved with mcusim compare"):
        delta.from_json(document)


def test_percent():
    assert delta.percent(200, 3) == 1.5 and delta.percent(0, 3) is None
