"""A user's file of kernels + the functions wanted of it → firmware, linked where it was not, and where it is from."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mcusim import archive, linker
from mcusim.build_attributes import BuildAttributes
from mcusim.elf import Firmware, parse_firmware, read_bounded
from mcusim.errors import BadInputError
from mcusim.hardware import Core
from mcusim.isa import check_core
from mcusim.object_files import ObjectFile, parse_object
from mcusim.record import Library, UnitBuild

EXPECTED = "kernels with CMSIS-NN's API (a linked ELF file with symbols, a static archive or an object)"
RELOCATABLE = b"\x01\x00"  # e_type


@dataclass(frozen=True, slots=True)
class _File:
    """A file of kernels as given."""

    name: str
    data: bytes
    kind: Literal["elf", "archive", "object"]


def load_library(path: str | os.PathLike[str], roots: Collection[str], core: Core) -> tuple[Firmware, Library]:
    """Read kernels and link them if they are not; `roots` are the functions that will be called.

    Raises BadInputError for a file that is none of these, is damaged, has state or lacks functions (all are named);
    UnsupportedError for kernels that the core cannot execute and where linking needs a toolchain that is not there.
    """
    given = Path(path)
    data = read_bounded(given, EXPECTED)
    file = _File(given.name, data, _kind(data, given.name))
    if file.kind == "elf":
        firmware = parse_firmware(data, file.name, linked_anywhere=True)
        _check_missing(file.name, roots, firmware.symbols)
    else:
        firmware = _linked(file, roots, core)
    check_core(core, firmware.isa, firmware.float_abi, file.name)
    return firmware, _facts(file, firmware)


def _kind(data: bytes, name: str) -> Literal["elf", "archive", "object"]:
    if archive.is_archive(data):
        return "archive"
    if data[:4] != b"\x7fELF":
        raise BadInputError(f"{name} is neither an ELF file nor a static archive; {EXPECTED} is expected")
    return "object" if data[16:18] == RELOCATABLE else "elf"


def _linked(file: _File, roots: Collection[str], core: Core) -> Firmware:
    """Link what is not linked; refused before the linker sees it where mcusim can tell why."""
    if file.kind == "archive":
        members = archive.members(file.data, file.name)
        objects = [parse_object(one.content, f"{file.name}({one.name})") for one in members]
    else:
        objects = [parse_object(file.data, file.name)]
    if any(one.is_intermediate for one in objects):
        raise BadInputError(f"{file.name} is compiled with -flto and holds no machine code; add -ffat-lto-objects")
    wanted = [one for one in objects if not one.functions.isdisjoint(roots)]
    _check_missing(file.name, roots, {name for one in wanted for name in one.functions})
    attributes = _attributes(wanted, core, file.name)
    data = linker.link(file.data, file.name, "archive" if file.kind == "archive" else "object", roots, attributes)
    return replace(parse_firmware(data, file.name), sha256=hashlib.sha256(file.data).hexdigest())


def _attributes(objects: Sequence[ObjectFile], core: Core, name: str) -> BuildAttributes:
    """What the objects are built for, which has to be one float ABI, and one instruction set that the core executes."""
    for one in objects:
        check_core(core, one.attributes.isa or "", one.attributes.float_abi, one.name)
    kinds = {(one.attributes.isa, one.attributes.float_abi): one.attributes for one in objects}
    if len(kinds) > 1:
        words = " and ".join(sorted(f"{isa} with {abi} floats" for isa, abi in kinds))
        raise BadInputError(f"{name} has objects for {words}; build all of it with the same options")
    return objects[0].attributes


def _check_missing(name: str, roots: Collection[str], defined: Collection[str]) -> None:
    missing = sorted(set(roots) - set(defined))
    if missing:
        raise BadInputError(
            f"{name} lacks {len(missing)} of the {len(roots)} functions that the model's layers need: "
            f"{', '.join(missing)}"
        )


def _facts(file: _File, firmware: Firmware) -> Library:
    """Where the kernels are from; compiler and flags of most of their units."""
    (part,) = firmware.parts
    ranked = sorted(Counter(part.producers).items(), key=lambda item: (-item[1], item[0]))
    builds = tuple(_build(producer, count) for producer, count in ranked)
    compiler, flags = (builds[0].compiler, builds[0].flags) if builds else ("", "")
    return Library(
        file=file.name,
        kind=file.kind,
        sha256=firmware.sha256,
        isa=firmware.isa,
        float_abi=firmware.float_abi,
        compiler=compiler or None,
        compiler_reason=None if compiler else "neither its debug information nor .comment names one",
        flags=flags or None,
        flags_reason=None if flags else "its debug information does not name them (DW_AT_producer)",
        builds=builds,
    )


def _build(producer: str, count: int) -> UnitBuild:
    """Compiler and flags out of DW_AT_producer."""
    compiler, dash, flags = producer.partition(" -")
    return UnitBuild(compiler, f"-{flags}" if dash else "", count)
