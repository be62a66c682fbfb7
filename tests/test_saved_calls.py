"""Saved calls come back as they were, in one order whatever order they came in; what is damaged is refused."""

import dataclasses
import json

import pytest
from conftest import with_value
from made_calls import CREATED, ORIGIN, call, saved

from mcusim.errors import BadInputError
from mcusim.saved_calls import from_json, gathered, labelled, load_calls, merged, packed, to_json, unpacked

OTHER = dataclasses.replace(ORIGIN, core="Cortex-M0+", error_percent=7.0, error_percent_reason=None)
SAVED = saved({"t.py::b": [call(), call("norm"), call(cycles=1_100)], "t.py::a": [call("max", loops=())]})
DOCUMENT = json.loads(to_json(SAVED))


def test_they_come_back(tmp_path):
    path = tmp_path / "calls.json"
    path.write_text(to_json(SAVED), encoding="utf-8")
    assert load_calls(path) == SAVED
    assert [one.test for one in SAVED.tests] == ["t.py::a", "t.py::b"]
    assert [one.label for one in labelled(SAVED)] == ["max", "dot", "norm", "dot #2"]


def test_the_order_of_tests_and_origins_is_not_that_of_the_session():
    found = [("t.py::b", [(call(), ORIGIN)]), ("t.py::a", [(call(), OTHER), (call(), ORIGIN)])]
    texts = {to_json(gathered(order, "0.1.0", CREATED)) for order in (found, found[::-1])}
    assert len(texts) == 1
    read = from_json(json.loads(texts.pop()), "calls")
    assert [one.origin.core for one in labelled(read)] == ["Cortex-M0+", "Cortex-M4", "Cortex-M4"]


def test_a_line_holds_one_call():
    lines = to_json(SAVED).splitlines()
    assert sum(line.startswith('  {"function":') for line in lines) == 4
    assert json.loads(to_json(saved({})))["tests"] == []


def test_merged_keeps_what_did_not_run():
    before = saved({"a": [call()], "b": [call()], "gone": [call()]})
    after = saved({"b": [call(cycles=900)], "c": [call()]}, OTHER)
    whole = merged(before, after, ["gone"])
    assert [(one.test, one.call.cycles, one.origin.core) for one in labelled(whole)] == [
        ("a", 1_000, "Cortex-M4"),
        ("b", 900, "Cortex-M0+"),
        ("c", 1_000, "Cortex-M0+"),
    ]


def test_a_call_travels_between_processes():
    assert unpacked(packed(call(), ORIGIN)) == (call(), ORIGIN)


NEGATIVE_LOOP = {"function": "f", "offset": 0, "bytes": 2, "iterations": -5, "cycles": 1, "source": None}


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("schema", "mcusim.run/1", "schema: calls saved by pytest"),
        ("tests.0.calls.0.cycles", "many", "cycles: expected an integer"),
        ("tests.0.calls.0.cycles", 999, "expected causes that sum to 999 cycles"),
        ("tests.0.calls.0.cycles_by_cause", {"bogus": 1_000}, "cycles_by_cause: bogus is no cause; there are issue, "),
        ("tests.0.calls.0.origin", 1, "expected one of the 1 origins"),
        ("tests.0.calls.0.stack_bytes", -1, "expected counts of 0 or more"),
        ("tests.0.calls.0.least_cycles", 2_000, "expected least_cycles <= cycles"),
        ("tests.0.calls.0.most_cycles", 999, "expected least_cycles <= cycles"),
        ("tests.0.calls.0.loops", [NEGATIVE_LOOP], "loops: expected counts of 0 or more"),
        ("tests.0.test", "t.py::b", "expected each test once"),
        ("origins.0.compiler", None, "compiler: expected a value, or none and compiler_reason"),
    ],
)
def test_what_cannot_be_is_refused(key, value, words):
    with pytest.raises(BadInputError, match=r"calls\.json") as caught:
        from_json(with_value(DOCUMENT, key, value), "calls.json")
    assert words in str(caught.value)
