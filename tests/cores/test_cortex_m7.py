"""The Cortex-M7's file: complete, sourced, and enough for the code that mcusim ships."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

import mcusim.hardware
from mcusim.errors import UnsupportedError
from mcusim.extensions import lacking_extension
from mcusim.hardware import load_core
from mcusim.operand_stages import RESULTS, STAGES
from mcusim.pipelines import dual_issue
from mcusim.trace import CAUSES

PACKAGE = Path(mcusim.hardware.__file__).parent
FILE = tomllib.loads((PACKAGE / "cores" / "cortex_m7.toml").read_text(encoding="utf-8"))
CORE = load_core("cortex_m7")

# The core has no coprocessor but its floating-point unit.
COPROCESSOR = {name + "2" * second for name in ("cdp", "mcr", "mcrr", "mrc", "mrrc") for second in (False, True)} | {
    kind + variant for kind in ("ldc", "stc") for variant in ("", "2", "l", "2l")
}
EXCEPTIONS = {"exception_entry", "exception_return", "exception_tail_chain"}


def test_every_row_names_its_source_and_a_known_cause() -> None:
    rows = FILE["instruction"] + list(FILE["rules"].values())
    assert len(rows) > 100
    for row in rows:
        assert len(row["source"].split()) >= 3, row
    assert {row["cause"] for row in FILE["instruction"]} <= set(CAUSES)


def test_every_instruction_of_the_decoder_table_that_the_core_has_is_timed() -> None:
    """The table holds each mnemonic of the M profile up to ARMv8-M Mainline that GNU as assembles."""
    table = (Path(__file__).parents[1] / "thumb_instructions.tsv").read_text(encoding="utf-8").splitlines()
    mnemonics = {row.split("\t")[2] for row in table} | {"it"}
    present = {mnemonic for mnemonic in mnemonics if lacking_extension(CORE, mnemonic) is None}
    assert present - CORE.timings.keys() == COPROCESSOR
    assert CORE.timings.keys() - present == set()


def test_every_rule_is_used() -> None:
    """A rule that is missing is named, so that all are needed but those of exceptions, which no pipeline reads."""
    needed = set()
    for name in CORE.rules:
        rules = {other: rule for other, rule in CORE.rules.items() if other != name}
        try:
            dual_issue.rules(dataclasses.replace(CORE, rules=rules))
        except UnsupportedError:
            needed.add(name)
    assert CORE.rules.keys() - needed == EXCEPTIONS
    assert {f"{result}_to_{stage}" for result in RESULTS for stage in STAGES} <= needed


@pytest.mark.parametrize(
    ("result", "cycles"),
    [
        ("load_word", (1, 2, 1, 0, 2)),
        ("load_narrow", (2, 3, 1, 0, 3)),
        ("multiply", (2, 2, 1, 0, 3)),
        ("alu_early", (0, 1, 0, 0, 1)),
        ("alu", (1, 2, 0, 0, 2)),
        ("extend", (1, 1, 0, 0, 2)),
        ("saturate", (2, 3, 1, 0, 3)),
    ],
)
def test_results_of_integer_instructions(result: str, cycles: tuple[int, ...]) -> None:
    """From issue to the second ALU, the first stage, an addend, data to store and an address (see the sources)."""
    assert tuple(CORE.rules[f"{result}_to_{stage}"].value for stage in STAGES) == cycles
