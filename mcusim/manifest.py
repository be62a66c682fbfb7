"""Name of an image of the kernels and number of a link order → its ELF file, and what MANIFEST.toml says of it."""

from __future__ import annotations

import hashlib
import importlib.resources
import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError, UnsupportedError

MAX_MANIFEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """How a firmware was built; `source_sha256` is of all its source files, `elf_sha256` of the ELF file."""

    source: str
    source_sha256: str
    compiler: str
    flags: str
    elf_sha256: str
    isa: str
    float_abi: str
    fpu: str | None


@dataclass(frozen=True, slots=True)
class _Built:
    """The entry of one ELF file in MANIFEST.toml."""

    isa: str
    cpu: str
    float_abi: Literal["soft", "hard"]
    fpu: str
    flags: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _ManifestFile:
    source: str
    source_sha256: str
    compiler: str
    firmware: Mapping[str, _Built]


def firmware_path(image: str, layout: int = 0) -> Path:
    """Where the package keeps an image of the kernels in one of its link orders.

    An image is named after the instruction set it is built for ("armv7em"), and after what sets it apart from
    others of that set: "armv7em_soft" for cores without a floating-point unit, "armv7em_m7" scheduled for Cortex-M7.
    """
    name = f"{image}.{layout}.elf" if layout else f"{image}.elf"
    return Path(str(importlib.resources.files("mcusim") / "firmware" / name))


def choose_image(isa: str, cpu: str, fpu: str | None) -> str:
    """The image of the kernels for a core: its instruction set, its CPU as compilers name it, its FPU or None.

    Of those that the core executes, the one for its float ABI, and scheduled for its CPU where there is such.
    Raises UnsupportedError where there is none.
    """
    float_abi = "soft" if fpu is None else "hard"
    found = [
        (built.float_abi != float_abi, built.cpu != cpu, name.removesuffix(".elf"))
        for name, built in _manifest_file().firmware.items()
        if built.isa == isa and built.float_abi in ("soft", float_abi) and name.count(".") == 1
    ]
    if not found:
        raise UnsupportedError(f"no kernels are built for {isa}{'' if fpu else ' without a floating-point unit'}")
    return min(found)[-1]


def layouts(image: str) -> tuple[int, ...]:
    """The numbers of the link orders in which an image exists; 0, the first, has debug information.

    Raises BadInputError where MANIFEST.toml says nothing of the image.
    """
    known = _manifest_file_with(image).firmware
    return tuple(itertools.takewhile(lambda layout: firmware_path(image, layout).name in known, itertools.count()))


def load_manifest(image: str, layout: int = 0) -> Manifest:
    """What mcusim/firmware/MANIFEST.toml says of an image of the kernels in one of its link orders.

    Raises BadInputError where it says nothing of it, or describes another ELF file than the one beside it.
    """
    manifest, elf = _manifest_file_with(image), firmware_path(image, layout)
    if elf.name not in manifest.firmware:
        known = ", ".join(map(str, layouts(image)))
        raise BadInputError(f"there is no link order {layout} of {image}; there are {known}")
    built = manifest.firmware[elf.name]
    found = _sha256(elf)
    if found != built.sha256:
        raise BadInputError(
            f"{elf.name} is not the file that MANIFEST.toml describes (sha256 {found[:12]}…, not "
            f"{built.sha256[:12]}…); build it again with make -C kernels"
        )
    return Manifest(
        source=manifest.source,
        source_sha256=manifest.source_sha256,
        compiler=manifest.compiler,
        flags=built.flags,
        elf_sha256=built.sha256,
        isa=built.isa,
        float_abi=built.float_abi,
        fpu=None if built.fpu == "none" else built.fpu,
    )


def _manifest_file() -> _ManifestFile:
    path = firmware_path("").with_name("MANIFEST.toml")
    try:
        document = tomllib.loads(documents.read_text(path, MAX_MANIFEST_BYTES, "the manifest of the firmware"))
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"{path.name} is no TOML: {error}") from error
    return documents.build(_ManifestFile, document, path.name)


def _manifest_file_with(image: str) -> _ManifestFile:
    """The manifest, which has to name the image."""
    manifest = _manifest_file()
    if firmware_path(image).name not in manifest.firmware:
        known = sorted(name.removesuffix(".elf") for name in manifest.firmware if name.count(".") == 1)
        raise BadInputError(f"there is no firmware for {image}; there is {', '.join(known)}")
    return manifest


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInputError(f"cannot read {path.name}: {(error.strerror or str(error)).lower()}") from error
