"""The project's own kernels built in other ways, as a user's library would be: archive, object or linked ELF file."""

import functools
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

KERNELS = Path(__file__).parents[1] / "kernels"
COMPILER = shutil.which("arm-none-eabi-gcc")
SMALL = ("-mcpu=cortex-m3", "-mfloat-abi=soft", "-Os", "-g1")  # no DSP extension, no floating-point unit, for size
COMMON = ("-mthumb", "-std=c11", "-ffunction-sections", "-fdata-sections", f"-I{KERNELS / 'Include'}")
# What the operators of the models that the tests run need; CMSIS-NN's names only.
FOLDERS = ("ConvolutionFunctions", "FullyConnectedFunctions", "NNSupportFunctions", "PoolingFunctions")
ALONE = ("SoftmaxFunctions/arm_softmax_s8.c", "ReshapeFunctions/arm_reshape_s8.c")
SKIPPED = ("_s16", "_s4", "_dsp", "memcpy", "memset")


@functools.cache
def folder():
    return Path(tempfile.mkdtemp(prefix="mcusim-library-"))


def sources():
    found = [path for name in FOLDERS for path in sorted((KERNELS / "Source" / name).glob("*.c"))]
    shared = ("mat_mult_kernel_s8_s16", "mat_mult_nt_t_s8", "vec_mat_mult_t_s8")
    kept = [path for path in found if path.stem.endswith(shared) or not any(part in path.stem for part in SKIPPED)]
    return [*kept, *(KERNELS / "Source" / name for name in ALONE)]


def run(*command):
    subprocess.run([str(one) for one in command], check=True, capture_output=True)


def compiled(source, flags, *more):
    """The object of a source file or of C code."""
    if COMPILER is None:
        pytest.skip("arm-none-eabi-gcc is not installed; the test's library is built with it")
    if isinstance(source, str):
        text, source = source, folder() / f"source{abs(hash((source, flags, more)))}.c"
        source.write_text(text, encoding="utf-8")
    target = folder() / f"{source.stem}-{abs(hash((str(source), flags, more)))}.o"
    if not target.exists():
        run(COMPILER, *COMMON, *flags, *more, "-c", source, "-o", target)
    return target


@functools.cache
def objects(flags=SMALL):
    """All objects of the kernels by the name of their source."""
    compiled(sources()[0], flags)
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda source: (source.stem, compiled(source, flags)), sources())
    return dict(found)


@functools.cache
def archive(flags=SMALL, without=(), code="", renamed=""):
    """An archive of the kernels; `without` some sources, with `code` of the test's own.

    `renamed` is a source whose function is called `right` here, for the test's own code to call.
    """
    given = {name: path for name, path in objects(flags).items() if name not in without}
    if renamed:
        given[renamed] = compiled(next(one for one in sources() if one.stem == renamed), flags, f"-D{renamed}=right")
    extra = [compiled(code, flags)] if code else []
    target = folder() / f"lib{abs(hash((flags, without, code, renamed)))}.a"
    if not target.exists():
        run(Path(COMPILER).with_name("arm-none-eabi-ar"), "rcs", target, *given.values(), *extra)
    return target


@functools.cache
def linked(address, *options, flags=SMALL):
    """The kernels linked at an address."""
    library, target = archive(flags), folder() / f"linked{abs(hash((address, options, flags)))}.elf"
    script = folder() / f"{address}.ld"
    script.write_text(f"SECTIONS {{ .text {address:#x} : {{ *(.text*) *(.rodata*) }} }}", encoding="ascii")
    whole = ("-Wl,--whole-archive", library, "-Wl,--no-whole-archive", "-lc", "-lgcc")
    run(COMPILER, *flags, "-mthumb", "-nostdlib", f"-Wl,-T,{script}", "-Wl,-e,0", *options, *whole, "-o", target)
    return target
