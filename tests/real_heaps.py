"""newlib's own malloc and free, linked from the installed toolchain and emulated: operations → addresses and breaks."""

import functools
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from firmware_build import COMPILER, FOLDER

from mcusim.bare_metal import Machine
from mcusim.chips import load_chip
from mcusim.console import Console
from mcusim.firmware_run import FirmwareRun
from mcusim.hardware import Region, load_core
from mcusim.images import load_image
from mcusim.semihosting import Semihosting

FLASH, RAM = 0x0800_0000, 0x2000_0000
HEAP, HEAP_BYTES = 0x2010_0000, 2 << 20
REGIONS = (
    Region("flash", "flash", FLASH, 128 << 10, "tests/firmware/heap.ld"),
    Region("RAM", "ram", RAM, 128 << 10, "tests/firmware/heap.ld"),
    Region("heap", "ram", HEAP, HEAP_BYTES, "real_heaps.py"),
)
FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft", "-O1", "-Wall", "-Wextra", "-Werror", "-nostartfiles"]


@functools.cache
def library_version():
    """The version of the toolchain's newlib, "" if the compiler does not find it."""
    code = "#include <_newlib_version.h>\nNEWLIB IS _NEWLIB_VERSION\n"
    found = subprocess.run([COMPILER, "-E", "-P", "-"], input=code, capture_output=True, text=True, check=False)
    words = found.stdout.split()
    return words[-1].strip('"') if found.returncode == 0 and words else ""


@functools.cache
def build(specs):
    """The program of tests/firmware/heap.c with the C library that the specs choose; skips without a toolchain."""
    if COMPILER is None:
        pytest.skip("arm-none-eabi-gcc is not installed; the C library's malloc comes from its toolchain")
    if not library_version():
        pytest.skip("arm-none-eabi-gcc is there without newlib, whose malloc is the judge of this test")
    path = Path(tempfile.mkdtemp(prefix="mcusim-heap-")) / "heap.elf"
    files = [str(FOLDER / "heap.c"), "-T", str(FOLDER / "heap.ld"), "-o", str(path)]
    subprocess.run([COMPILER, *FLAGS, *specs, *files], check=True)
    return path


def answers(specs, base_address, heap_bytes, operations):
    """An array of (address, or 0 for a free and a NULL; break afterwards) for heap_operations' rows."""
    with tempfile.TemporaryDirectory() as folder:
        place = struct.pack("<2I", base_address, heap_bytes)
        Path(folder, "operations.bin").write_bytes(place + operations.astype("<u4").tobytes())
        console = Console([], 64_000_000)
        image = load_image(build(specs), None)
        machine = Machine(load_core("cortex_m4"), load_chip("generic"), REGIONS, image, console, [])
        semihosting = Semihosting(folder)
        run = FirmwareRun(machine, console, semihosting, 64_000_000)
        run.start_at_reset(FLASH)
        end = run.run(100_000 * len(operations))
        semihosting.close()
        assert end.kind == "exit", end.text
        results = np.frombuffer(Path(folder, "results.bin").read_bytes(), "<u4")
    return results.reshape(-1, 2).astype(np.int64)
