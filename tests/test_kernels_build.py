"""The committed firmware: what its ELF holds, that it belongs to the sources, and that they build it again."""

import dataclasses
import hashlib
import io
import itertools
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcusim.decoder import decode
from mcusim.elf import firmware_path, layouts, load_firmware
from mcusim.extensions import lacking_extension
from mcusim.hardware import load_core

ROOT = Path(__file__).parents[1]
KERNELS = ROOT / "kernels"
FIRMWARE = ROOT / "mcusim" / "firmware"
GCC = "arm-none-eabi-gcc"

LAYOUT_SCRIPT = runpy.run_path(str(KERNELS / "layout.py"))

# What the core that an image is for lacks: (DSP extension, floating-point unit, 32-bit instructions other than BL).
LACKS = {
    "armv6m": (True, True, True),
    "armv7m": (True, True, False),
    "armv7em": (False, False, False),
    "armv7em_soft": (False, True, False),
    "armv7em_m7": (False, False, False),
    "armv8m_main": (False, False, False),
}


@pytest.fixture(scope="module")
def manifest():
    return tomllib.loads((FIRMWARE / "MANIFEST.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=sorted(path.name for path in FIRMWARE.glob("*.elf")))
def firmware(request):
    return FIRMWARE / request.param


def compiler():
    """The version line of the compiler on this machine, None without one."""
    if shutil.which(GCC) is None:
        return None
    return subprocess.run([GCC, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def functions(elf):
    table = elf.get_section_by_name(".symtab")
    return {symbol.name for symbol in table.iter_symbols() if symbol["st_info"]["type"] == "STT_FUNC"}


def declared():
    """Every function that a public header declares."""
    headers = [KERNELS / "Include" / "arm_nnfunctions.h", *(KERNELS / "Include").glob("mcusim_*.h")]
    text = "".join(path.read_text(encoding="utf-8") for path in headers)
    return set(re.findall(r"^(?:arm_cmsis_nn_status|int32_t|void) ([a-z]\w+)\(", text, re.MULTILINE))


def test_the_manifest_describes_every_firmware_and_no_other(manifest):
    assert set(manifest["firmware"]) == {path.name for path in FIRMWARE.glob("*.elf")} != set()


def test_the_manifest_names_the_elf_by_its_hash(manifest, firmware):
    entry = manifest["firmware"][firmware.name]
    assert entry["sha256"] == hashlib.sha256(firmware.read_bytes()).hexdigest()
    assert firmware.name.startswith(entry["isa"])
    assert f"-mcpu={entry['cpu']} " in entry["flags"]


def test_the_manifest_names_the_sources_by_their_hash(manifest):
    source_sha256 = runpy.run_path(str(KERNELS / "manifest.py"))["source_sha256"]
    assert manifest["source_sha256"] == source_sha256(), "kernels/ has changed: run make -C kernels"


def test_one_segment_of_code_at_0_without_state(firmware):
    elf = ELFFile(io.BytesIO(firmware.read_bytes()))
    loaded = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
    assert [(segment["p_vaddr"], segment["p_flags"]) for segment in loaded] == [(0, 5)]
    assert loaded[0]["p_filesz"] == loaded[0]["p_memsz"]


def test_symbols_relocations_and_lines_are_kept(firmware):
    elf = ELFFile(io.BytesIO(firmware.read_bytes()))
    assert len(declared()) > 30
    assert declared() <= functions(elf)
    assert elf.get_section_by_name(".rel.text").num_relocations() > 0
    assert (elf.get_section_by_name(".debug_line") is None) == (firmware.name.count(".") == 2)


def test_nothing_of_the_machine_that_built_it(firmware):
    content = firmware.read_bytes()
    for text in (str(ROOT), str(Path.home()), "/usr/", "/tmp/", "/home/"):
        assert text.encode() + b"\0" not in content
        assert re.search(rb"\0" + re.escape(text.encode()), content) is None


# A program links only the functions that its model calls, so what counts is what one of them takes: at most what the
# smallest instruction cache of a Cortex-M7 holds (4 KB, STM32F74x: RM0385), a quarter of that on average.
MOST_FUNCTION_BYTES = 4096
MOST_AVERAGE_BYTES = 1024


def test_the_kernels_are_small(firmware):
    image = load_firmware(firmware)
    assert max(symbol.bytes for symbol in image.symbols.values()) <= MOST_FUNCTION_BYTES
    assert len(image.linked_image) <= MOST_AVERAGE_BYTES * len(declared())


def test_files_are_not_much_more_than_their_code(firmware):
    """The package carries all of them: symbols and relocations take less than the code, lines a few times as much."""
    times = 2 if firmware.name.count(".") == 2 else 8
    assert firmware.stat().st_size < times * len(load_firmware(firmware).linked_image)


@pytest.mark.parametrize("image", LACKS)
def test_a_core_finds_only_instructions_that_it_has(image):
    no_dsp, no_fpu, only_narrow = LACKS[image]
    core = dataclasses.replace(load_core("cortex_m4"), dsp=not no_dsp, fpu=None if no_fpu else "fpv4-sp-d16")
    instructions = list(code(FIRMWARE / f"{image}.elf"))
    assert len(instructions) > 4000
    assert {one.text for one in instructions if lacking_extension(core, one.mnemonic)} == set()
    wide = {one.mnemonic for one in instructions if one.size == 4}
    assert wide == {"bl"} if only_narrow else {"bl", "sdiv"} < wide
    everything = dataclasses.replace(core, dsp=False, fpu=None)
    used = {lacking_extension(everything, one.mnemonic) for one in instructions}
    assert ("the DSP extension" in used, "a floating-point unit" in used) == (not no_dsp, not no_fpu)


def code(path):
    """Every instruction of a firmware, told from literal pools by the mapping symbols $t and $d."""
    elf = ELFFile(io.BytesIO(path.read_bytes()))
    text, table = elf.get_section_by_name(".text").data(), elf.get_section_by_name(".symtab")
    marks = sorted({(one["st_value"], one.name[:2]) for one in table.iter_symbols() if one.name[:2] in ("$t", "$d")})
    for (start, kind), (end, _) in itertools.pairwise([*marks, (len(text), "")]):
        if kind == "$t" and end > start:
            yield from decode(text[start:end], start)


@pytest.mark.parametrize("image", LACKS)
def test_link_orders_have_the_same_functions_elsewhere(image):
    firmware = [load_firmware(firmware_path(image, layout)) for layout in layouts(image)]
    sizes = {frozenset((name, symbol.bytes) for name, symbol in one.symbols.items()) for one in firmware}
    names = [[symbol.name for symbol in one.contents if symbol.name.startswith("arm_")] for one in firmware]
    assert len({name for name, _ in next(iter(sizes))}) > 40
    assert all({name for name, _ in size} == {name for name, _ in next(iter(sizes))} for size in sizes)
    assert len({tuple(order) for order in names}) == len(names) == 4
    assert {tuple(sorted(order)) for order in names} == {tuple(sorted(names[0]))}


def test_link_orders_are_the_same_everywhere():
    ordered = LAYOUT_SCRIPT["ordered"]
    here = [f"build/x/NNSupportFunctions/{name}.o" for name in ("b", "d", "a", "c")]
    there = [f"/elsewhere/{path}" for path in reversed(here)]
    orders = [[Path(path).stem for path in ordered(layout, here)] for layout in range(4)]
    assert orders[:2] == [["a", "b", "c", "d"], ["d", "c", "b", "a"]]
    assert orders == [[Path(path).stem for path in ordered(layout, there)] for layout in range(4)]
    assert all(sorted(order) == orders[0] for order in orders)


@pytest.mark.slow
def test_the_sources_build_the_committed_firmware(manifest):
    if compiler() != manifest["compiler"]:
        pytest.skip(f"{manifest['compiler']} is needed to build the same bytes; here is {compiler()}")
    result = subprocess.run(["make", "-s", "-C", str(KERNELS), "check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
