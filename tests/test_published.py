"""Published rows: what every one must have, and files that are wrong."""

import re

import pytest

from mcusim import published
from mcusim.errors import BadInputError
from mcusim.published import publications

PUBLICATION = """
[[publication]]
id = "one"
framework = "none"
kernels = "assembly"
compiler = "assembler"
flags = "none"
board = "none"
chip = "STM32F407VG"
core = "cortex_m4"
clock_hz = 24_000_000
memory = "zero wait states"
kind = "kernel"
binary = "source"
use = "validation"
difference = "none known"
source = "a README"

[[publication.row]]
workload = "aes"
cycles = 634.7
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    return tmp_path


def test_a_latency_becomes_cycles_of_its_clock(folder):
    text = PUBLICATION.replace("cycles = 634.7", "latency_us = 100.5")
    (folder / "a.toml").write_text(text, encoding="utf-8")
    (one,) = publications()
    assert one.cycles_of(one.row[0]) == pytest.approx(100.5 * 24)
    assert (one.board, one.framework, one.flags) == (None, None, None)


def test_counted_cycles_stay_as_they_are(folder):
    (folder / "a.toml").write_text(PUBLICATION.replace("24_000_000", '"none"'), encoding="utf-8")
    (one,) = publications()
    assert one.cycles_of(one.row[0]) == 634.7


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ("cycles = 634.7", "", "either latency_us or cycles"),
        ("cycles = 634.7", "cycles = 1.0\nlatency_us = 1.0", "either latency_us or cycles"),
        ("cycles = 634.7", "cycles = 0.0", "above 0"),
        ("clock_hz = 24_000_000", 'clock_hz = "none"', "needs clock_hz"),
        ('source = "a README"', 'source = " "', "expected words"),
        ('source = "a README"', "", "source is missing"),
        ('binary = "source"', 'binary = "mine"', "'exact'"),
        ('use = "validation"', 'use = "boast"', "'context'"),
        ('kind = "kernel"', 'kind = "kernel"\ncolour = 1', "unknown key 'colour'"),
    ],
)
def test_a_wrong_row_is_refused(folder, old, new, expected):
    text = PUBLICATION.replace(old, new)
    if "needs" in expected:
        text = text.replace("cycles = 634.7", "latency_us = 1.0")
    (folder / "a.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError, match=re.escape(expected)):
        list(publications())


def test_an_id_comes_once(folder):
    for name in ("a.toml", "b.toml"):
        (folder / name).write_text(PUBLICATION, encoding="utf-8")
    with pytest.raises(BadInputError, match="'one' again"):
        list(publications())


def test_every_kind_of_row_is_there():
    known = list(publications())
    assert {one.binary for one in known} >= {"source", "other kernels"}
    assert {one.use for one in known} == {"validation", "context"}
    validating = {one.board for one in known if one.use == "validation" and one.kind == "model"}
    assert validating == {"nucleo_l4r5zi", "nrf5340_dk", "ek_ra6m4", "nano33ble"}
    workloads = {(one.chip, row.workload) for one in known for row in one.row if one.kind == "kernel"}
    assert ("SAM D20", "x25519") in workloads


def test_every_publication_names_where_in_its_source():
    for one in publications():
        assert re.search(r"\S/\S+ @[0-9a-f]{7}", one.source), f"{one.id}: no repository and commit in {one.source!r}"
