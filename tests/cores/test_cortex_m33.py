"""The Cortex-M33's file: complete, sourced, and enough for the code that mcusim ships."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

import mcusim.hardware
from mcusim.errors import UnsupportedError
from mcusim.extensions import lacking_extension
from mcusim.hardware import load_core
from mcusim.pipelines import m33
from mcusim.trace import CAUSES

PACKAGE = Path(mcusim.hardware.__file__).parent
FILE = tomllib.loads((PACKAGE / "cores" / "cortex_m33.toml").read_text(encoding="utf-8"))
CORE = load_core("cortex_m33")

# Transfers between memory and a coprocessor, whose length only that knows, and deprecated forms of VLDM and VSTM.
UNTIMED = {kind + variant for kind in ("ldc", "stc") for variant in ("", "2", "l", "2l")}
UNTIMED |= {"fldmiax", "fldmdbx", "fstmiax", "fstmdbx"}
EXCEPTIONS = {"exception_entry", "exception_return", "exception_tail_chain"}


def test_every_row_names_its_source_and_a_known_cause() -> None:
    rows = FILE["instruction"] + list(FILE["rules"].values())
    assert len(rows) > 80
    for row in rows:
        assert len(row["source"].split()) >= 3, row
    assert {row["cause"] for row in FILE["instruction"]} <= set(CAUSES)


def test_no_mnemonic_is_listed_twice() -> None:
    assert sum(len(row["mnemonics"]) for row in FILE["instruction"]) == len(CORE.timings)


def test_every_instruction_of_the_decoder_table_that_the_core_has_is_timed() -> None:
    """The table holds each mnemonic of the M profile up to ARMv8-M Mainline that GNU as assembles."""
    table = (Path(__file__).parents[1] / "thumb_instructions.tsv").read_text(encoding="utf-8").splitlines()
    mnemonics = {row.split("\t")[2] for row in table} | {"it"}
    present = {mnemonic for mnemonic in mnemonics if lacking_extension(CORE, mnemonic) is None}
    assert present - CORE.timings.keys() == UNTIMED
    assert CORE.timings.keys() - present == set()


def test_every_rule_is_used() -> None:
    """A rule that is missing is named, so that all are needed but those of exceptions, which no pipeline reads."""
    needed = set()
    for name in CORE.rules:
        rules = {other: rule for other, rule in CORE.rules.items() if other != name}
        try:
            m33.rules(dataclasses.replace(CORE, rules=rules))
        except UnsupportedError:
            needed.add(name)
    assert CORE.rules.keys() - needed == EXCEPTIONS


@pytest.mark.parametrize(
    ("mnemonics", "cycles"),
    [
        ("add smlad mul sxtb16 qadd ldr str ldm push vldr vadd.f32 vfma.f32 b bl bx cbz it nop", 1),
        ("dmb dsb isb", 4),
        ("udiv sdiv", 7),
        ("vdiv.f32 vsqrt.f32", 14),
    ],
)
def test_occupancy(mnemonics: str, cycles: int) -> None:
    """Unpublished comparison with published latencies; jnk0le/random, cortex_m33.md, measured on RP2350."""
    assert {CORE.timings[mnemonic].cycles for mnemonic in mnemonics.split()} == {cycles}


def test_core_is_armv8m_with_single_precision() -> None:
    assert (CORE.isa, CORE.dsp, CORE.fpu, CORE.emulated_as, CORE.pipeline) == (
        "armv8m_main",
        True,
        "fpv5-sp-d16",
        "cortex-m33",
        "m33",
    )
