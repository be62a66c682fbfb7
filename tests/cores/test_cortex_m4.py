"""The Cortex-M4's file: complete, sourced, and enough for the code that mcusim ships."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import mcusim.hardware
from mcusim.decoder import decode
from mcusim.hardware import load_core
from mcusim.pipelines import PIPELINES
from mcusim.trace import CAUSES

PACKAGE = Path(mcusim.hardware.__file__).parent
FILE = tomllib.loads((PACKAGE / "cores" / "cortex_m4.toml").read_text(encoding="utf-8"))
FIRMWARE = PACKAGE / "firmware" / "armv7em.elf"

# Not in the TRM's tables: exceptions and a permanently undefined instruction, preload hints.
UNTIMED = {"bkpt", "pld", "svc", "udf"}


def test_every_row_names_its_source_and_a_known_cause() -> None:
    rows = FILE["instruction"] + list(FILE["rules"].values())
    assert len(rows) > 60
    for row in rows:
        assert len(row["source"].split()) >= 3, row
    assert {row["cause"] for row in FILE["instruction"]} <= set(CAUSES)


def test_no_mnemonic_is_listed_twice() -> None:
    counts = Counter(mnemonic for row in FILE["instruction"] for mnemonic in row["mnemonics"])
    assert [mnemonic for mnemonic, count in counts.items() if count > 1] == []


def test_every_instruction_of_the_decoder_table_has_a_row() -> None:
    """The table holds each ARMv7E-M and FPv4-SP mnemonic that GNU as assembles for the core."""
    table = (Path(__file__).parents[1] / "thumb_instructions.tsv").read_text(encoding="utf-8").splitlines()
    mnemonics = {row.split("\t")[2] for row in table} | {"it"}
    assert mnemonics - load_core("cortex_m4").timings.keys() == UNTIMED
    assert load_core("cortex_m4").timings.keys() - mnemonics == set()


def test_core_loads_and_names_a_pipeline() -> None:
    core = load_core("cortex_m4")
    assert (core.isa, core.dsp, core.mve, core.fpu, core.emulated_as) == (
        "armv7em",
        True,
        False,
        "fpv4-sp-d16",
        "cortex-m4",
    )
    assert core.pipeline in PIPELINES


@pytest.mark.parametrize(
    ("mnemonics", "cycles"),
    [
        ("add smlad mul umull umaal sxtb16 qadd clz bfi ssat vadd.f32 vmov vcvt.s32.f32 b bl cbz it cmp", 1),
        ("ldr ldrb ldrsh tbb ldrex", 2),
        ("vmla.f32 vfma.f32", 3),
        ("vdiv.f32 vsqrt.f32", 14),
    ],
)
def test_cycles_of_the_technical_reference_manual(mnemonics: str, cycles: int) -> None:
    """Cortex-M4 TRM DDI 0439, tables 3-1 and 7-1."""
    timings = load_core("cortex_m4").timings
    assert {timings[mnemonic].cycles for mnemonic in mnemonics.split()} == {cycles}


def test_every_instruction_of_the_committed_firmware_has_a_row() -> None:
    timings = load_core("cortex_m4").timings
    untimed = Counter()
    total = 0
    for code, address in _code(FIRMWARE):
        for instruction in decode(code, address):
            total += 1
            if instruction.mnemonic not in timings:
                untimed[instruction.mnemonic] += 1
    assert total > 1000
    assert not untimed


def _code(path: Path) -> Iterator[tuple[bytes, int]]:
    """Runs of code of the functions, without the literal pools and tables that $d symbols mark (AAELF32, 5.5.5)."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        symbols = list(elf.get_section_by_name(".symtab").iter_symbols())
        marks = sorted((s["st_value"], s.name[:2]) for s in symbols if s.name[:2] in ("$t", "$d"))
        contents = {}
        for symbol in symbols:
            if symbol["st_info"]["type"] != "STT_FUNC" or not symbol["st_size"]:
                continue
            section = elf.get_section(symbol["st_shndx"])
            data = contents.setdefault(symbol["st_shndx"], section.data())
            start, end = symbol["st_value"] & ~1, (symbol["st_value"] & ~1) + symbol["st_size"]
            inside = [(start, "$t")] + [(at, kind) for at, kind in marks if start <= at < end] + [(end, "")]
            for (at, kind), (upto, _) in pairwise(inside):
                if kind == "$t" and upto > at:
                    yield data[at - section["sh_addr"] : upto - section["sh_addr"]], at
