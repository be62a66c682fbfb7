"""The committed firmware: what its ELF holds, that it belongs to the sources, and that they build it again."""

import hashlib
import io
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).parents[1]
KERNELS = ROOT / "kernels"
FIRMWARE = ROOT / "mcusim" / "firmware"
GCC = "arm-none-eabi-gcc"

# Instruction sets without the DSP extension: the scalar sources are built for these.
SCALAR = {"armv7m": "-mcpu=cortex-m3 -mthumb", "armv6m": "-mcpu=cortex-m0plus -mthumb"}


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
    headers = (KERNELS / "Include" / name for name in ("arm_nnfunctions.h", "mcusim_functions.h"))
    text = "".join(path.read_text(encoding="utf-8") for path in headers)
    return set(re.findall(r"^(?:arm_cmsis_nn_status|int32_t|void) (\w+)\(", text, re.MULTILINE))


def test_the_manifest_describes_every_firmware_and_no_other(manifest):
    assert set(manifest["firmware"]) == {path.name for path in FIRMWARE.glob("*.elf")} != set()


def test_the_manifest_names_the_elf_by_its_hash(manifest, firmware):
    entry = manifest["firmware"][firmware.name]
    assert entry["sha256"] == hashlib.sha256(firmware.read_bytes()).hexdigest()
    assert entry["isa"] == firmware.stem


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
    assert elf.get_section_by_name(".debug_line").data_size > 0


def test_nothing_of_the_machine_that_built_it(firmware):
    content = firmware.read_bytes()
    assert len(content) < 1.5e6
    for text in (str(ROOT), str(Path.home()), "/usr/", "/tmp/", "/home/"):
        assert text.encode() + b"\0" not in content
        assert re.search(rb"\0" + re.escape(text.encode()), content) is None


@pytest.mark.slow
def test_the_sources_build_the_committed_firmware(manifest):
    if compiler() != manifest["compiler"]:
        pytest.skip(f"{manifest['compiler']} is needed to build the same bytes; here is {compiler()}")
    result = subprocess.run(["make", "-s", "-C", str(KERNELS), "check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("isa", sorted(SCALAR))
def test_the_scalar_sources_build(isa, tmp_path):
    if compiler() is None:
        pytest.skip(f"{GCC} is not installed")
    target = tmp_path / f"{isa}.elf"
    command = ["make", "-s", "-C", str(KERNELS), f"BUILD={tmp_path}/build", f"FIRMWARE={tmp_path}", f"ISAS={isa}"]
    subprocess.run([*command, f"{isa}_FLAGS={SCALAR[isa]}", str(target)], check=True, timeout=300)
    elf = ELFFile(io.BytesIO(target.read_bytes()))
    assert declared() <= functions(elf)
