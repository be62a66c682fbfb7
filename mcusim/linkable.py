"""Objects and archives → programs: all functions of the objects in one, linked when the first of them is called."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcusim import archive
from mcusim.build_attributes import BuildAttributes
from mcusim.elf import read_bounded
from mcusim.errors import BadInputError
from mcusim.hardware import Core
from mcusim.isa import check_core
from mcusim.object_files import ObjectFile, parse_object
from mcusim.program import Program, parse_own
from mcusim.program_linker import Memory, keeps_relocations, link_program

EXPECTED = "an object (.o) or a static archive (.a)"


@dataclass(frozen=True, slots=True, eq=False)
class Linkable:
    """What can be linked: `roots` are the functions of its objects, `functions` those of its archives too.

    Functions of one program share its variables. Where its objects need what nothing defines, each function is a
    program of its own, with what it needs.
    """

    name: str
    files: tuple[Path, ...]
    roots: frozenset[str]
    functions: frozenset[str]
    attributes: BuildAttributes
    memory: Memory
    kept: Path
    _programs: dict[frozenset[str], Program | BadInputError] = field(default_factory=dict)

    def program(self, function: str) -> Program:
        """The program to call a function in; BadInputError where it cannot be linked."""
        together = self._linked(self.roots | {function})
        alone = self._linked(frozenset({function})) if isinstance(together, BadInputError) else together
        if isinstance(alone, BadInputError):
            raise alone.with_traceback(None)
        return alone

    def _linked(self, roots: frozenset[str]) -> Program | BadInputError:
        if roots not in self._programs:
            try:
                data = link_program(self.files, self.name, roots, self.attributes, self.memory, self.kept)
                self._programs[roots] = parse_own(data, self.name, keeps_relocations())
            except BadInputError as error:
                self._programs[roots] = error
        return self._programs[roots]


def linkable(files: Sequence[Path], names: Sequence[str], core: Core, memory: Memory, kept: Path) -> Linkable:
    """Take in objects and archives, `names` are theirs for the user.

    Raises BadInputError for a file that is none of both or damaged, and for objects that do not go together;
    UnsupportedError for code that the core cannot execute.
    """
    name = ", ".join(names)
    objects: list[ObjectFile] = []
    members: list[ObjectFile] = []
    for path, shown in zip(files, names, strict=True):
        data = read_bounded(path, EXPECTED)
        if archive.is_archive(data):
            members += [parse_object(one.content, f"{shown}({one.name})") for one in archive.members(data, shown)]
        else:
            objects.append(parse_object(data, shown))
    known = [*objects, *members]
    _check(known, core, name)
    roots = frozenset(function for one in objects for function in one.functions)
    functions = roots.union(*(one.functions for one in members))
    return Linkable(name, tuple(files), roots, functions, known[0].attributes, memory, kept)


def _check(objects: Collection[ObjectFile], core: Core, name: str) -> None:
    if not objects:
        raise BadInputError(f"{name} has no objects")
    for one in objects:
        if one.is_intermediate:
            raise BadInputError(f"{one.name} is compiled with -flto and holds no machine code; add -ffat-lto-objects")
        check_core(core, one.attributes.isa or "", one.attributes.float_abi, one.name)
    if len({one.attributes.float_abi for one in objects}) > 1:
        raise BadInputError(f"{name} pass floats in different ways; build all of it with the same -mfloat-abi")
