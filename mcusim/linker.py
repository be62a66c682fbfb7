"""Objects or an archive of kernels + the functions wanted of them → one linked ELF file, by the GNU toolchain."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from mcusim.build_attributes import BuildAttributes
from mcusim.errors import BadInputError, UnsupportedError

COMPILER = "arm-none-eabi-gcc"
LINK_LIMIT_S = 120.0
NAMED = 8  # undefined functions that a refusal names

# -march of each instruction set, for the compiler to find the C library and libgcc that are built for it.
ARCHITECTURES = {
    "armv6m": "armv6s-m",
    "armv7m": "armv7-m",
    "armv7em": "armv7e-m",
    "armv8m_base": "armv8-m.base",
    "armv8m_main": "armv8-m.main",
}

OPTIONS = (
    "-nostdlib",
    "-nostartfiles",
    "-Wl,-T,kernels.ld",
    "-Wl,-e,0",
    "-Wl,--emit-relocs",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    "-Wl,--no-warn-rwx-segments",
    "-o",
    "linked.elf",
)

# Code and constants at address 0, variables apart for the reader of the file to refuse; nothing unwinds.
SCRIPT = """
PHDRS { kernels PT_LOAD FLAGS(5); }
SECTIONS
{
    .text 0 : { *(.text .text.*) *(.rodata .rodata.*) *(.glue_7 .glue_7t .vfp11_veneer .v4_bx) } :kernels
    .data : { *(.data .data.*) *(.bss .bss.*) *(COMMON) *(.tdata .tdata.*) *(.tbss .tbss.*) }
    /DISCARD/ : { *(.ARM.exidx* .ARM.extab*) *(.eh_frame*) *(.init* .fini* .preinit_array*) *(.note*) }
}
"""


def link(
    data: bytes, name: str, kind: Literal["archive", "object"], roots: Collection[str], built_for: BuildAttributes
) -> bytes:
    """The ELF file of the functions `roots` with what they call, C library and libgcc included, linked at address 0.

    `built_for`: what the kernels are built for. Works in a temporary directory, of which nothing stays. Raises
    UnsupportedError without the toolchain, BadInputError, in one sentence, for what cannot be linked.
    """
    compiler = shutil.which(COMPILER)
    if compiler is None:
        raise UnsupportedError(
            f"{name} is not linked, and {COMPILER} is not on the PATH to do so: install the Arm GNU toolchain (Debian: "
            "gcc-arm-none-eabi), or link the kernels yourself with -nostdlib -Wl,--emit-relocs and give the ELF file"
        )
    with tempfile.TemporaryDirectory(prefix="mcusim-") as folder:
        given, linked = Path(folder, f"kernels.{kind[0]}"), Path(folder, "linked.elf")
        given.write_bytes(data)
        Path(folder, "kernels.ld").write_text(SCRIPT, encoding="ascii")
        wanted = [f"-Wl,-u,{root}" for root in sorted(roots)]
        said = run_linker([compiler, *_target(built_for), *OPTIONS, *wanted, given.name, "-lc", "-lgcc"], folder, name)
        if not linked.is_file():
            raise BadInputError(f"{name} cannot be linked: {reason_of(said, given.name)}")
        return linked.read_bytes()


def run_linker(command: Sequence[str], folder: str, name: str) -> str:
    """Run the linker in a folder, where its temporary files stay too; what it says."""
    environment = {**os.environ, "LC_ALL": "C", "TMPDIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LINK_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadInputError(f"linking {name} takes more than {LINK_LIMIT_S:.0f} s; it may be damaged") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnsupportedError(f"{command[0]} cannot be run to link {name}: {reason}") from None
    return done.stderr.decode("utf-8", "replace")


def _target(of: BuildAttributes) -> list[str]:
    """Options that choose the C library: without a floating-point unit where floats travel in core registers."""
    architecture = ARCHITECTURES.get(of.isa or "")
    if architecture is None:
        raise UnsupportedError(f"kernels for {of.isa} cannot be linked; known: {', '.join(ARCHITECTURES)}")
    hard = of.float_abi == "hard"
    return [f"-march={architecture}{'+fp' if hard else ''}", "-mthumb", f"-mfloat-abi={of.float_abi}"]


def reason_of(said: str, file: str) -> str:
    """Why the linker refuses: all functions that nothing defines, or the first line that speaks of an error."""
    undefined = list(dict.fromkeys(re.findall(r"undefined reference to `([^']*)'", said)))
    if undefined:
        more = f" and {len(undefined) - NAMED} more" if len(undefined) > NAMED else ""
        return f"it calls {', '.join(undefined[:NAMED])}{more}, which neither it nor the C library defines"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line or file in line] or lines or ["the linker says nothing"]
    return re.sub(r"\S*/", "", telling[0])[:200]
