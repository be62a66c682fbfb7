"""Programs of tests/firmware built for a core, and the board that each is run on."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "firmware"
COMPILER = shutil.which("arm-none-eabi-gcc")
FLAGS = {
    "m0plus": ["-mcpu=cortex-m0plus", "-mfloat-abi=soft", "-DCHIP_G0"],
    "m4": ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-DCHIP_L4"],
    "m7": ["-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard", "-DCHIP_H7A3"],
    "m33": ["-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-DCHIP_U5"],
}
BOARDS = {"m0plus": "nucleo_g0b1re", "m4": "nucleo_l4r5zi", "m7": "nucleo_h7a3zi_q", "m33": "nucleo_u575zi_q"}
COMMON = ["-mthumb", "-masm-syntax-unified", "-O1", "-g", "-ffreestanding", "-nostdlib", "-Wall", "-Wextra", "-Werror"]


@functools.cache
def _folder():
    return Path(tempfile.mkdtemp(prefix="mcusim-firmware-"))


@functools.cache
def build(source, core, kind="elf", defines=()):
    """The path of a program ("hal_style") for a core, as "elf", "hex" or "bin"; skips without the compiler.

    `defines`: more of the preprocessor's ("NAME=value").
    """
    if COMPILER is None:
        pytest.skip("arm-none-eabi-gcc is not installed; the test's firmware is built with it")
    path = _folder() / f"{'_'.join((source, core, *defines))}.elf"
    if not path.exists():
        code = [*(f"-D{one}" for one in defines), str(FOLDER / f"{source}.c"), "-T", str(FOLDER / "stm32.ld")]
        subprocess.run([COMPILER, *COMMON, *FLAGS[core], *code, "-o", str(path), "-lgcc"], check=True)
    if kind == "elf":
        return path
    converted = path.with_suffix(f".{kind}")
    form = {"hex": "ihex", "bin": "binary"}[kind]
    copy = Path(COMPILER).with_name("arm-none-eabi-objcopy")
    subprocess.run([str(copy), "-O", form, str(path), str(converted)], check=True)
    return converted
