"""Objects and archives + the functions wanted of them → an ELF file linked for a board's flash and RAM."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcusim.build_attributes import BuildAttributes
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.linker import ARCHITECTURES, COMPILER, reason_of, run_linker

# Code and constants in flash, variables in RAM as start-up code leaves them; constructors apart, to be refused.
SCRIPT = """
PROVIDE(__exidx_start = 0);
PROVIDE(__exidx_end = 0);
SECTIONS
{{
    .text {flash:#x} : {{ *(.text .text.*) *(.rodata .rodata.*) *(.glue_7 .glue_7t .vfp11_veneer .v4_bx) }}
    . = {ram:#x};
    .data : {{ *(.data .data.*) *(.tdata .tdata.*) *(.got .got.*) }}
    .bss (NOLOAD) : {{ *(.bss .bss.*) *(COMMON) *(.tbss .tbss.*) }}
    .init_array : {{ KEEP(*(.init_array .init_array.* .ctors .ctors.*)) }}
    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab*) *(.eh_frame*) *(.fini* .preinit_array*) *(.note*) }}
}}
"""
OPTIONS = ("-nostartfiles", "-Wl,-T,program.ld", "-Wl,-e,0", "-Wl,--build-id=none")
GNU_OPTIONS = ("-nostdlib", "-Wl,--emit-relocs", "-Wl,--no-warn-rwx-segments")


@dataclass(frozen=True, slots=True)
class Memory:
    """Where code and variables go."""

    flash: int
    ram: int


def link_program(
    files: Sequence[Path], name: str, roots: Collection[str], built_for: BuildAttributes, memory: Memory, kept: Path
) -> bytes:
    """The ELF file of the functions `roots` with what they call, C library and libgcc included.

    `kept` is the folder that keeps it for the next time. `name` stands in refusals. Raises UnsupportedError without
    a linker, BadInputError for what cannot be linked (functions that nothing defines are named).
    """
    command = _linker(built_for)
    script = SCRIPT.format(flash=memory.flash, ram=memory.ram)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    identity = repr([command, OPTIONS, script, digests, sorted(roots), _stamp(command[0])])
    target = kept / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.elf"
    if target.is_file():
        return target.read_bytes()
    data = _linked([path.resolve() for path in files], name, roots, command, script)
    kept.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(target)
    return data


def keeps_relocations() -> bool:
    """Whether what is linked here tells what refers to what: GNU's linker says so, that of ziglang does not."""
    return shutil.which(COMPILER) is not None


def _linked(files: Sequence[Path], name: str, roots: Collection[str], command: Sequence[str], script: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="mcusim-") as folder:
        Path(folder, "program.ld").write_text(script, encoding="ascii")
        linked = Path(folder, "linked.elf")
        wanted = [f"-Wl,-u,{root}" for root in sorted(roots)]
        arguments = [*command[:-1], *OPTIONS, "-Wl,--gc-sections", *wanted, *map(str, files), *command[-1].split()]
        said = run_linker([*arguments, "-o", str(linked)], folder, name)
        if not linked.is_file():
            raise BadInputError(f"{name} cannot be linked: {_reason(said)}")
        return linked.read_bytes()


def _reason(said: str) -> str:
    """Why a linker refuses; that of LLVM names undefined symbols in other words than GNU's."""
    lld = re.sub(r"undefined symbol: (\S+)", r"undefined reference to `\1'", said)
    return reason_of(lld, ".o")


def _linker(built_for: BuildAttributes) -> tuple[str, ...]:
    """The command that links; its last word are the libraries."""
    hard = built_for.float_abi == "hard"
    architecture = ARCHITECTURES.get(built_for.isa or "")
    if architecture is None:
        raise UnsupportedError(f"code for {built_for.isa} cannot be linked; known: {', '.join(ARCHITECTURES)}")
    gcc = shutil.which(COMPILER)
    if gcc is not None:
        chosen = (f"-march={architecture}{'+fp' if hard else ''}", "-mthumb", f"-mfloat-abi={built_for.float_abi}")
        return (gcc, *chosen, *GNU_OPTIONS, "-Wl,--start-group -lm -lc -lgcc -Wl,--end-group")
    if importlib.util.find_spec("ziglang") is not None:
        target = f"thumb-freestanding-{'eabihf' if hard else 'eabi'}"
        return (sys.executable, "-m", "ziglang", "cc", "-target", target, f"-mcpu={ZIG_CPU[built_for.isa or '']}", "")
    raise UnsupportedError(
        f"{COMPILER} is not on the PATH to link with: install the Arm GNU toolchain (Debian: gcc-arm-none-eabi), or "
        "pip install ziglang"
    )


ZIG_CPU = {
    "armv6m": "cortex_m0plus",
    "armv7m": "cortex_m3",
    "armv7em": "cortex_m4",
    "armv8m_base": "cortex_m23",
    "armv8m_main": "cortex_m33",
}


def _stamp(path: str) -> str:
    """What changes with another version of the linker."""
    found = Path(path).stat()
    return f"{found.st_size}.{int(found.st_mtime)}"
