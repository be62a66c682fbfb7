"""The size of what TensorFlow Lite Micro calls of newlib-nano and libgcc, linked for an instruction set."""

import shutil
import subprocess
from pathlib import Path

import pytest

COMPILER = shutil.which("arm-none-eabi-gcc")
SOURCE = Path(__file__).parent / "firmware" / "c_library.c"
MEASURED_WITH = "12.2.1"
FLAGS = {
    "armv6m": ("-mcpu=cortex-m0plus", "-mfloat-abi=soft"),
    "armv7m": ("-mcpu=cortex-m3", "-mfloat-abi=soft"),
    "armv7em_soft": ("-mcpu=cortex-m4", "-mfloat-abi=soft"),
    "armv7em": ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    "armv7em_m7": ("-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
    "armv8m_main": ("-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
}
LINKING = ("-nostartfiles", "-Wl,--gc-sections", "-Wl,-e,start", "-Wl,--no-warnings", "-lm")


def measure(image, folder, logs):
    """Bytes of code, constants and initialised data without those of the program's own function."""
    if COMPILER is None:
        pytest.skip("arm-none-eabi-gcc is not installed; what it links is measured")
    version = subprocess.run([COMPILER, "-dumpversion"], check=True, capture_output=True, text=True).stdout.strip()
    if version != MEASURED_WITH:
        pytest.skip(f"measured with arm-none-eabi-gcc {MEASURED_WITH}, found {version}")
    target = folder / f"{image}{logs}.elf"
    options = ["-mthumb", "-Os", "-ffunction-sections", "-fno-builtin", *(["-DLOG"] if logs else [])]
    specs = ["--specs=nano.specs", "--specs=nosys.specs"]
    command = [COMPILER, *FLAGS[image], *options, str(SOURCE), *specs, *LINKING, "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    code, data, *_ = _lines("size", target)[1].split()
    own = next(int(line.split()[1], 16) for line in _lines("nm", "-S", target) if line.endswith(" T start"))
    return int(code) + int(data) - own


def _lines(tool, *arguments):
    path = Path(COMPILER).with_name(f"arm-none-eabi-{tool}")
    return subprocess.run([path, *arguments], check=True, capture_output=True, text=True).stdout.splitlines()
