"""The files of the cores with the in-order pipeline: complete, sourced, and enough for the code that mcusim ships."""

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
from mcusim.extensions import lacking_extension
from mcusim.hardware import load_core
from mcusim.pipelines import in_order
from mcusim.trace import CAUSES, Instruction

PACKAGE = Path(mcusim.hardware.__file__).parent
CORES = {"cortex_m0": "armv6m", "cortex_m0plus": "armv6m", "cortex_m3": "armv7m", "cortex_m4": "armv7em"}
# Permanently undefined, or for a coprocessor: none of these cores has one but the floating-point unit.
UNTIMED = set("udf cdp cdp2 ldc ldcl ldc2 ldc2l stc stcl stc2 stc2l mcr mcr2 mcrr mcrr2 mrc mrc2 mrrc mrrc2".split())  # noqa: SIM905
UNTIMED |= {"fldmiax", "fldmdbx", "fstmiax", "fstmdbx"}  # deprecated, and assembled by no compiler


@pytest.fixture(params=CORES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _decoder_table() -> Iterator[Instruction]:
    """The instructions of tests/thumb_instructions.tsv: all mnemonics of the M profile that GNU as assembles."""
    for row in (Path(__file__).parents[1] / "thumb_instructions.tsv").read_text(encoding="utf-8").splitlines():
        yield from decode(bytes.fromhex(row.split("\t")[0]), 0x1000)


def test_every_row_names_its_source_and_a_known_cause(name: str) -> None:
    file = tomllib.loads((PACKAGE / "cores" / f"{name}.toml").read_text(encoding="utf-8"))
    rows = file["instruction"] + list(file["rules"].values())
    assert len(rows) > 30
    for row in rows:
        assert len(row["source"].split()) >= 3, row
    assert {row["cause"] for row in file["instruction"]} <= set(CAUSES)
    counts = Counter(mnemonic for row in file["instruction"] for mnemonic in row["mnemonics"])
    assert [mnemonic for mnemonic, count in counts.items() if count > 1] == []


def test_identity(name: str) -> None:
    core = load_core(name)
    assert (core.id, core.isa, core.pipeline, core.mve) == (name, CORES[name], "in_order", False)
    assert core.dsp == (name == "cortex_m4")
    assert core.fpu == ("fpv4-sp-d16" if name == "cortex_m4" else None)


def test_the_pipeline_has_its_rules(name: str) -> None:
    assert len(in_order.rules(load_core(name))) == len(in_order.WALK_RULES)


def test_every_instruction_that_the_core_has_is_timed_and_no_other(name: str) -> None:
    core = load_core(name)
    present = {one.mnemonic for one in _decoder_table() if lacking_extension(core, one.mnemonic, one.size) is None}
    assert present - core.timings.keys() - UNTIMED == set()
    assert core.timings.keys() - present - {"it"} == set()


def test_facts_of_every_timed_instruction(name: str) -> None:
    core = load_core(name)
    for one in _decoder_table():
        if one.mnemonic in core.timings and lacking_extension(core, one.mnemonic, one.size) is None:
            row = in_order.facts(core, one, "f")
            assert len(row) == in_order.COLUMNS
            assert all(0 <= value < 1 << 48 for value in row), one.text


def test_every_instruction_of_the_committed_firmware_is_timed(name: str) -> None:
    core = load_core(name)
    total = 0
    for code, address in _code(PACKAGE / "firmware" / f"{CORES[name]}.elf"):
        for instruction in decode(code, address):
            if instruction.mnemonic == "udf":
                continue  # a trap, behind which nothing goes on: it takes no time that anybody asks for
            total += 1
            in_order.facts(core, instruction, "firmware")
    assert total > 1000


# Cortex-M0 TRM DDI 0432 and Cortex-M0+ TRM DDI 0484, tables 3-1; Cortex-M3 TRM DDI 0337I, table 3-1;
# Cortex-M4 TRM DDI 0439, tables 3-1 and 7-1. What lists and branches take beyond are rules.
@pytest.mark.parametrize(
    ("core", "mnemonics", "cycles"),
    [
        ("cortex_m0", "add mov cmp lsl rev uxtb mul b bl bx blx ldm push pop nop cpsid", 1),
        ("cortex_m0", "ldr ldrb ldrsh str strh wfi", 2),
        ("cortex_m0", "mrs msr dmb dsb isb", 4),
        ("cortex_m0plus", "add mov cmp lsl rev uxtb mul b bl bx blx ldm push pop nop cpsid", 1),
        ("cortex_m0plus", "ldr ldrb ldrsh str strh wfi", 2),
        ("cortex_m0plus", "mrs msr dmb dsb isb", 3),
        ("cortex_m3", "add mul clz bfi ssat b bl cbz it cmp", 1),
        ("cortex_m3", "mla mls ldr ldrb tbb ldrex udiv", 2),
        ("cortex_m3", "umull smull", 3),
        ("cortex_m3", "umlal smlal", 4),
        ("cortex_m4", "add smlad mul umull umaal sxtb16 qadd clz bfi ssat vadd.f32 vmov vcvt.s32.f32 b bl cbz it", 1),
        ("cortex_m4", "ldr ldrb ldrsh tbb ldrex udiv", 2),
        ("cortex_m4", "vmla.f32 vfma.f32", 3),
        ("cortex_m4", "vdiv.f32 vsqrt.f32", 14),
    ],
)
def test_cycles_of_the_technical_reference_manuals(core: str, mnemonics: str, cycles: int) -> None:
    timings = load_core(core).timings
    assert {timings[mnemonic].cycles for mnemonic in mnemonics.split()} == {cycles}


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
