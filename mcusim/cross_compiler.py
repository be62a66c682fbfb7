"""C, C++ or assembly sources + core and flags → object files, by GCC or Clang, kept by what they were made from."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcusim.errors import BadInputError, UnsupportedError, shown
from mcusim.hardware import Core

GCC, CLANG = "arm-none-eabi-gcc", "clang"
DEFAULT_FLAGS = ("-O2",)
COMMON = ("-g", "-ffunction-sections", "-fdata-sections", "-fno-common")
LIMIT_S = 300.0
MOST_SAID = 4_000  # characters of a compiler's complaints
INSTALL = "install the Arm GNU toolchain (Debian: gcc-arm-none-eabi) or Clang on the PATH, or pip install ziglang"

Kind = Literal["gcc", "clang", "zig"]

# Floating-point units by GCC's name as features of Zig's targets.
ZIG_FPU = {"fpv4-sp-d16": "vfp4d16sp", "fpv5-sp-d16": "fp_armv8d16sp", "fpv5-d16": "fp_armv8d16"}


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler: how it is run, and what it says of its version."""

    kind: Kind
    command: tuple[str, ...]
    version: str

    @property
    def name(self) -> str:
        """Its name for the user."""
        return "zig cc" if self.kind == "zig" else Path(self.command[0]).name


@functools.cache
def find_compiler(wanted: str | None) -> Compiler:
    """The compiler asked for: "gcc", or "clang" (that of ziglang where there is no other); None: the first there is.

    Raises UnsupportedError where it is not installed, BadInputError for another name.
    """
    if wanted not in (None, "gcc", "clang"):
        raise BadInputError(f'compiler={wanted!r} is not known; there are "gcc" and "clang"')
    gcc, clang = shutil.which(GCC), shutil.which(CLANG)
    if gcc and wanted != "clang":
        return _versioned("gcc", (gcc,))
    if clang and wanted != "gcc":
        return _versioned("clang", (clang,))
    if wanted != "gcc" and importlib.util.find_spec("ziglang") is not None:
        return _versioned("zig", (sys.executable, "-m", "ziglang", "cc"))
    missing = GCC if wanted == "gcc" else "a compiler for Arm" if wanted is None else "Clang"
    raise UnsupportedError(f"{missing} is not there: {INSTALL}")


def _versioned(kind: Kind, command: tuple[str, ...]) -> Compiler:
    said = _run([*command, "--version"], Path.cwd(), {})
    return Compiler(kind, command, said.stdout)


def is_soft(core: Core, flags: Sequence[str]) -> bool:
    """Whether code passes floats in core registers: where the core has no floating-point unit, or the flags say so."""
    asked = [flag.partition("=")[2] for flag in flags if flag.startswith("-mfloat-abi=")]
    return core.fpu is None or (bool(asked) and asked[-1] != "hard")


@functools.cache
def library_headers() -> tuple[str, ...]:
    """The folder with the headers of GCC's C library, for compilers that bring none; empty where there is no GCC."""
    gcc = shutil.which(GCC)
    if gcc is None:
        return ()
    said = _run([gcc, "-xc", "-E", "-v", os.devnull], Path.cwd(), {}).stderr
    listed = said.partition("search starts here:")[2].partition("End of search list")[0].split("\n")
    return tuple(line.strip() for line in listed if Path(line.strip(), "string.h").is_file())[:1]


def target_flags(compiler: Compiler, core: Core, flags: Sequence[str]) -> tuple[str, ...]:
    """Flags that choose the core, its extensions and how floats travel."""
    soft = is_soft(core, flags)
    cpu = core.id.replace("_", "-")
    if compiler.kind == "zig":
        unit = f"+{ZIG_FPU[core.fpu]}" if core.fpu in ZIG_FPU and not soft else ""
        dsp = "+dsp" if core.isa == "armv8m_main" and core.dsp else ""
        target = f"thumb-freestanding-{'eabi' if soft else 'eabihf'}"
        return ("-target", target, f"-mcpu={core.id}{dsp}{unit}", "-fno-sanitize=undefined", "-fomit-frame-pointer")
    without_dsp = "+nodsp" if core.isa == "armv8m_main" and not core.dsp else ""
    chosen = [f"-mcpu={cpu}{without_dsp}", "-mthumb", f"-mfloat-abi={'soft' if soft else 'hard'}"]
    chosen += [] if soft else [f"-mfpu={core.fpu}"]
    return (*(["--target=arm-none-eabi"] if compiler.kind == "clang" else []), *chosen)


def compile_source(
    source: Path, compiler: Compiler, core: Core, flags: Sequence[str], folder: Path, kept: Path
) -> Path:
    """The object of a source file; compiled in `folder`, unless `kept` has that of the same source, headers and flags.

    Raises BadInputError, with what the compiler says, for a source that does not compile.
    """
    chosen = target_flags(compiler, core, flags)
    headers_of = () if compiler.kind == "gcc" else library_headers()
    given = [*chosen, *COMMON, *flags, *(word for path in headers_of for word in ("-isystem", path))]
    content = _read(source)
    named = os.path.relpath(source, folder)
    identity = json.dumps([compiler.version, given, named])
    key = hashlib.sha256(identity.encode() + b"\0" + content).hexdigest()[:32]
    target, headers = kept / f"{key}.o", kept / f"{key}.json"
    if target.is_file() and _are_the_same(headers, folder):
        return target
    kept.mkdir(parents=True, exist_ok=True)
    draft, found = _draft(target), _draft(headers)
    map_prefix = f"-ffile-prefix-map={folder}=."
    made = ["-MMD", "-MF", str(found), "-c", named, "-o", str(draft)]
    done = _run([*compiler.command, *given, map_prefix, *made], folder, {"ZIG_LOCAL_CACHE_DIR": str(kept / "zig")})
    if done.returncode or not draft.is_file():
        said = (done.stderr or done.stdout)[:MOST_SAID].strip()
        raise BadInputError(f"{shown(source.name)} does not compile ({compiler.name} {' '.join(flags)}):\n{said}")
    digests = {name: _digest(folder / name) for name in _dependencies(found) if (folder / name) != source}
    found.write_text(json.dumps(digests), encoding="utf-8")
    draft.replace(target)
    found.replace(headers)  # last: it says that the object is there
    return target


def text_source(text: str, kept: Path) -> Path:
    """A file with C code, in the folder of what is kept."""
    path = kept / f"source-{hashlib.sha256(text.encode()).hexdigest()[:16]}.c"
    if not path.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        draft = _draft(path)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    return path


def _draft(path: Path) -> Path:
    """Where a file is written before it is moved to its place: other processes make the same ones."""
    return path.with_name(f"{path.name}.{os.getpid()}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read {path}: {(getattr(error, 'strerror', None) or str(error)).lower()}") from None


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _are_the_same(headers: Path, folder: Path) -> bool:
    """Whether the headers that an object was made with are as they were."""
    try:
        digests = json.loads(headers.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(digests, dict) and all(_digest(folder / name) == known for name, known in digests.items())


def _dependencies(made: Path) -> list[str]:
    """The files that a rule of -MMD names behind its colon."""
    text = made.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    names = text.partition(": ")[2].replace("\\ ", "\0").split()
    return [name.replace("\0", " ") for name in names]


def _run(command: Sequence[str], folder: Path, more: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a compiler; UnsupportedError where it cannot be, or does not end."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnsupportedError(f"{command[0]} does not end within {LIMIT_S:.0f} s") from None
    except OSError as error:
        raise UnsupportedError(f"{command[0]} cannot be run: {(error.strerror or str(error)).lower()}") from None
