"""Mappings to dataclasses, and files read and written whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from mcusim import documents
from mcusim.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Inner:
    count: int
    source: str


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    kind: Literal["a", "b"]
    ratio: float
    yes: bool
    inner: Inner
    many: tuple[Inner, ...]
    named: Mapping[str, int]
    maybe: int | None
    maybe_reason: str | None
    either: int | None
    note: str = "none"


GOOD = {
    "name": "n",
    "kind": "a",
    "ratio": 1,
    "yes": False,
    "inner": {"count": 1, "source": "s"},
    "many": [{"count": 2, "source": "s"}],
    "named": {"x": 3},
    "maybe": None,
    "maybe_reason": "why",
    "either": None,
}


def test_a_document_becomes_its_dataclass():
    built = documents.build(Outer, GOOD, "f")
    assert built == Outer("n", "a", 1.0, False, Inner(1, "s"), (Inner(2, "s"),), {"x": 3}, None, "why", None)
    assert type(built.ratio) is float


@pytest.mark.parametrize(
    "key, value, expected",
    [
        ("name", 1, "f: name: expected a text, found 1"),
        ("name", "\ud800", "f: name: expected a text, found half of a surrogate pair"),
        ("kind", "c", "f: kind: expected one of 'a', 'b', found 'c'"),
        ("kind", [], "f: kind: expected one of 'a', 'b', found a list"),
        ("ratio", float("inf"), "f: ratio: expected a finite number, found inf"),
        ("ratio", 10**400, "f: ratio: expected a number, found an integer of more than 63 bits"),
        ("ratio", True, "f: ratio: expected a number, found true"),
        ("yes", 1, "f: yes: expected true or false, found 1"),
        ("inner", [], "f: inner: expected a table of count, source, found a list"),
        ("inner", {"count": 1}, "f: inner: source is missing; expected a text"),
        ("inner", {"count": 2**63, "source": "s"}, "f: inner.count: expected an integer of at most 63 bits"),
        ("inner", {"count": 1, "source": "  "}, "f: inner.source: expected words, found an empty text"),
        ("many", {}, "f: many: expected a list, found a table"),
        ("many", [{"count": None, "source": "s"}], "f: many[0].count: expected an integer, found null"),
        ("named", {"x": "y"}, "f: named.x: expected an integer, found 'y'"),
        ("maybe", 1, "f: maybe: expected a value, or none and maybe_reason that says why; both are given"),
        ("maybe_reason", None, "f: maybe: expected a value, or none and maybe_reason that says why; both are missing"),
        ("naem", 1, "f: unknown key 'naem'; did you mean 'name'?"),
    ],
)
def test_each_wrong_value_is_named(key, value, expected):
    with pytest.raises(BadInputError) as caught:
        documents.build(Outer, {**GOOD, key: value}, "f")
    assert str(caught.value).startswith(expected)


def test_missing_keys_and_things_that_are_no_table():
    with pytest.raises(BadInputError, match="f: either is missing; expected an integer"):
        documents.build(Outer, {key: value for key, value in GOOD.items() if key != "either"}, "f")
    for document in (None, 1, "x", [GOOD]):
        with pytest.raises(BadInputError, match="expected a table of name, kind"):
            documents.build(Outer, document, "f")


def test_words_for_null_and_fields_left_out():
    document = {key: value for key, value in GOOD.items() if key != "maybe"}
    assert documents.build(Outer, {**document, "either": "none"}, "f", nulls=("none",)).either is None
    with pytest.raises(BadInputError, match="maybe is missing"):
        documents.build(Outer, document, "f")


def test_nearest():
    assert documents.nearest("Nano-33-ble", ["nano33ble", "pico"]) == "nano33ble"
    assert documents.nearest("zzz", ["nano33ble", "pico"]) is None


def test_write_replaces_whole_files_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "x.txt"
    documents.write_text(path, "one — 1\n")
    documents.write_text(path, "two\n")
    assert path.read_bytes() == b"two\n"
    assert list(tmp_path.iterdir()) == [path]


def test_write_keeps_a_link_and_writes_what_it_points_to(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    documents.write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_write_to_a_device_goes_into_it():
    documents.write_text("/dev/null", "gone")
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("name", ["folder", "none/x", "a\0b"])
def test_what_cannot_be_written_is_said_and_nothing_is_left(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInputError, match="cannot write"):
        documents.write_text(f"{tmp_path}/{name}", "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    path.write_text("old")

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(BadInputError, match="no space left"):
        documents.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
