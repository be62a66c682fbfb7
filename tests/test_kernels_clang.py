"""The kernels under Clang: no warning for any instruction set, and code with the same bits as GCC's."""

import importlib.util
import shutil
import subprocess
import sys

import numpy as np
import pytest
from emulated import Kernels, core_of
from kernel_sources import KERNELS, sources
from vectors import OPERATORS
from vectors.case import CASES, load_case
from vectors.case import FOLDER as VECTORS

from mcusim.elf import load_firmware

# Of each image: Clang's target and CPU as ziglang names them, and the options of GCC, which links.
IMAGES = {
    "armv6m": ("eabi", "cortex_m0plus", "-mcpu=cortex-m0plus -mfloat-abi=soft"),
    "armv7m": ("eabi", "cortex_m3", "-mcpu=cortex-m3 -mfloat-abi=soft"),
    "armv7em": ("eabihf", "cortex_m4+vfp4d16sp", "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard"),
    "armv7em_soft": ("eabi", "cortex_m4", "-mcpu=cortex-m4 -mfloat-abi=soft"),
    "armv7em_m7": ("eabihf", "cortex_m7+fp_armv8d16sp", "-mcpu=cortex-m7 -mfpu=fpv5-sp-d16 -mfloat-abi=hard"),
    "armv8m_main": (
        "eabihf", "cortex_m33+dsp+fp_armv8d16sp", "-mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=hard"
    ),
}  # fmt: skip
PLAIN = ("armv6m", "armv7m")
FLAGS = ("-std=c11", "-O3", "-ffreestanding", "-ffunction-sections", "-fno-common", "-fno-unwind-tables",
         "-Wall", "-Wextra", "-Werror")  # fmt: skip
LINK = ("-mthumb", "-nostdlib", "-Wl,-T,kernels.ld", "-Wl,-e,0", "-Wl,--emit-relocs", "-Wl,--build-id=none",
        "-Wl,--no-warnings")  # fmt: skip
GCC = "arm-none-eabi-gcc"
# The first vector of each operator and type.
FIRST = {(entry["op"], entry["dtype"]): entry for entry in reversed(CASES) if entry["op"] != "network"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ziglang") is None, reason="the package ziglang, which brings Clang, is not installed"
    ),
]


@pytest.fixture(scope="module", params=IMAGES)
def image(request):
    return request.param


@pytest.fixture(scope="module")
def compiled(image, tmp_path_factory):
    """All sources of an image as one object, and what the compiler said."""
    folder = tmp_path_factory.mktemp(image)
    abi, cpu, _ = IMAGES[image]
    clang = [sys.executable, "-m", "ziglang", "cc", "-target", f"thumb-freestanding-{abi}", f"-mcpu={cpu}"]
    files = map(str, sources(dsp=image not in PLAIN))
    command = [*clang, *FLAGS, f"-I{KERNELS / 'Include'}", "-c", *files, "-o", str(folder / "all.o")]
    return folder / "all.o", subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def kernels(image, compiled):
    if shutil.which(GCC) is None:
        pytest.skip(f"{GCC}, whose linker and libgcc are needed, is not installed")
    objects, _ = compiled
    linked = objects.with_suffix(".elf")
    command = [GCC, *IMAGES[image][2].split(), *LINK, str(objects), "-lgcc", "-o", str(linked)]
    result = subprocess.run(command, cwd=KERNELS, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return Kernels(load_firmware(linked), core_of(image))


def test_every_source_compiles_without_a_warning(compiled):
    _, result = compiled
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(VECTORS is None, reason="neither MCUSIM_VECTORS nor MCUSIM_REFERENCE_DATA is set")
@pytest.mark.parametrize("kind", FIRST, ids="-".join)
def test_operator_has_the_expected_bits(kernels, kind):
    case = load_case(VECTORS, FIRST[kind])
    np.testing.assert_array_equal(OPERATORS[case.op].target(case, kernels), case.expected)
