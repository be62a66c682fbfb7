"""Which instructions need an extension, over every mnemonic of ARMv7E-M with FPv4-SP."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from mcusim.extensions import lacking_extension
from mcusim.hardware import load_core

FULL = load_core("cortex_m4")
BARE = dataclasses.replace(FULL, dsp=False, fpu=None)
MNEMONICS = {
    row.split("\t")[2]
    for row in (Path(__file__).parent / "thumb_instructions.tsv").read_text(encoding="utf-8").splitlines()
}


def _lacking(core_lacks: str | None) -> set[str]:
    return {mnemonic for mnemonic in MNEMONICS if lacking_extension(BARE, mnemonic) == core_lacks}


def test_dsp_extension() -> None:
    """DDI 0403E, A1.4.3: 90 mnemonics; long and 32-bit multiplies, SSAT and plain extends are not among them."""
    dsp = _lacking("the DSP extension")
    assert len(dsp) == 90
    assert {"smlad", "umaal", "sxtb16", "uxtah", "qadd", "uqsax", "pkhbt", "sel", "smlaltt", "smmlsr"} <= dsp
    assert not dsp & {"smull", "umlal", "smlal", "mla", "mls", "ssat", "usat", "sxtb", "uxth", "rev16", "udiv"}


def test_floating_point() -> None:
    assert _lacking("a floating-point unit") == {mnemonic for mnemonic in MNEMONICS if mnemonic[0] == "v"}


def test_core_with_all_extensions_lacks_nothing() -> None:
    assert {lacking_extension(FULL, mnemonic) for mnemonic in MNEMONICS} == {None}
