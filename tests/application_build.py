"""Applications of tests/firmware built with a linker script as vendors write them: an ELF file and its map."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "firmware"
COMPILER = shutil.which("arm-none-eabi-gcc")
FLAGS = ("-mcpu=cortex-m4", "-mthumb", "-O1", "-ffreestanding", "-nostdlib", "-fdata-sections", "-ffunction-sections")


@functools.cache
def _folder():
    return Path(tempfile.mkdtemp(prefix="mcusim-application-"))


@functools.cache
def build(*defines, model=None, script="application.ld"):
    """Paths of the ELF file and the map; `defines` of the preprocessor, `model` the bytes of g_model."""
    if COMPILER is None:
        pytest.skip("arm-none-eabi-gcc is not installed; the test's firmware is built with it")
    folder = Path(tempfile.mkdtemp(dir=_folder()))
    more = [f"-D{one}" for one in defines]
    if model is not None:
        (folder / "model.inc").write_text(",".join(map(str, model)), encoding="ascii")
        more += ["-DMODEL", f"-I{folder}"]
    target = folder / "app.elf"
    links = ["-T", str(FOLDER / script), f"-Wl,-Map={folder / 'app.map'}", "-o", str(target)]
    subprocess.run([COMPILER, *FLAGS, *more, str(FOLDER / "application.c"), *links], check=True)
    return target, folder / "app.map"
