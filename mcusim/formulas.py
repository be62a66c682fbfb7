"""A board → its stored cost formulas, cycles as linear forms of loop counts, and the code that its kernels bring."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.footprints import NONE, Condition, Footprint, Halfwords, Ranges
from mcusim.hardware import PACKAGE, Board, Core
from mcusim.manifest import Manifest, choose_image, load_manifest

SCHEMA = "mcusim.estimates/2"
CODE_SCHEMA = "mcusim.footprints/1"
FOLDER = PACKAGE / "estimates"
FILE_LIMIT_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Formula:
    """Cycles of one kernel: the sum of counts times `cycles` and `waits`; which counts, cost.Cost says.

    `cycles` are those of the pipeline with memory that never waits, `waits` those that the board's memory adds to
    them while the kernel's code is in a cache. `median_percent` and `worst_percent` are the absolute errors of
    `layers` that the fit had not seen, against emulation.
    """

    cycles: Mapping[str, float]
    waits: Mapping[str, float]
    layers: int
    median_percent: float
    worst_percent: float


@dataclass(frozen=True, slots=True)
class Formulas:
    """All that was fitted on a board, and what it was fitted with.

    `piece_cycles` are waited for each piece of a line of code that is not in a cache, `row_cycles` for each row of
    such pieces without a gap. `kernels_sha256` is of the kernels' sources, `core_sha256` and `board_sha256` of the
    hardware's files.
    """

    schema: str
    board: str
    kernels_sha256: str
    core_sha256: str
    board_sha256: str
    seed: int
    layers: int
    median_percent: float
    worst_percent: float
    piece_cycles: float
    row_cycles: float
    kernels: Mapping[str, Formula]


@dataclass(frozen=True, slots=True)
class KernelCode:
    """What each kernel executes of the image of the kernels whose ELF file has the digest."""

    elf_sha256: str
    footprints: Mapping[str, Footprint]


@dataclass(frozen=True, slots=True)
class _StoredFootprint:
    """Halfwords of code and of literals by their condition, and halfwords that are jumped to, all as text."""

    code: Mapping[str, str]
    literals: Mapping[str, str]
    jumps: str


@dataclass(frozen=True, slots=True)
class _StoredCode:
    """The same as its file has it, with the name of the image."""

    schema: str
    image: str
    elf_sha256: str
    kernels: Mapping[str, _StoredFootprint]


def formulas_path(board: str) -> Path:
    """Where the package keeps the formulas of a board."""
    return FOLDER / f"{board}.json"


def code_path(image: str) -> Path:
    """Where the package keeps what the kernels execute of an image."""
    return FOLDER / f"{image}.code.json"


@functools.lru_cache(maxsize=64)
def stored_formulas(board: str) -> Formulas | None:
    """The formulas of a board by its name, None where none are fitted; BadInputError where the file is damaged."""
    path = formulas_path(board)
    return documents.build(Formulas, _document(path), path.name) if path.is_file() else None


@functools.lru_cache(maxsize=16)
def stored_code(image: str) -> KernelCode:
    """What each kernel executes of an image; BadInputError where that is not known, or the file is damaged."""
    path = code_path(image)
    stored = documents.build(_StoredCode, _document(path), path.name)
    footprints = {
        kernel: Footprint(
            _halfwords(one.code, path.name), _halfwords(one.literals, path.name), _ranges(one.jumps, kernel, path.name)
        )
        for kernel, one in stored.kernels.items()
    }
    return KernelCode(stored.elf_sha256, footprints)


def _document(path: Path) -> object:
    try:
        return json.loads(documents.read_text(path, FILE_LIMIT_BYTES, "cost formulas"))
    except ValueError as error:
        raise BadInputError(f"{path.name} is not JSON: {error}; fit it again with python -m mcusim.fit") from None


def to_json(formulas: Formulas) -> str:
    """The text of a file of formulas."""
    return _text(dataclasses.asdict(formulas))


def code_to_json(image: str, code: KernelCode) -> str:
    """The text of a file of what the kernels execute of an image."""
    kernels = {
        kernel: {
            "code": {_condition_text(condition): _ranges_text(of) for condition, of in one.code.items()},
            "literals": {_condition_text(condition): _ranges_text(of) for condition, of in one.literals.items()},
            "jumps": _ranges_text(one.jumps),
        }
        for kernel, one in code.footprints.items()
    }
    return _text({"schema": CODE_SCHEMA, "image": image, "elf_sha256": code.elf_sha256, "kernels": kernels})


def _text(document: Mapping[str, object]) -> str:
    """JSON with a line for each kernel."""
    shown = []
    for key, value in document.items():
        text = _compact(value)
        if isinstance(value, Mapping):
            rows = [f"{json.dumps(kernel)}: {_compact(of)}" for kernel, of in value.items()]
            text = "{\n" + ",\n".join(rows) + "\n}"
        shown.append(f"{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(shown) + "\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# A condition as text: "elements", "elements > 3", "elements % 4 > 1", "no elements". Ranges as text: "120+3 8",
# halfwords from 120 to 122 and, 8 further, 131.
_NO = "no "
_CONDITION = re.compile(rf"({_NO})?(\w[\w ]*?)(?: % (\d{{1,3}}))?(?: > (\d{{1,3}}))?")
_RANGE = re.compile(r"(\d{1,7})(?:\+(\d{1,5}))?")


def _condition_text(condition: Condition) -> str:
    name, modulus, above = condition
    if above == NONE:
        return _NO + name
    return name + (f" % {modulus}" if modulus else "") + (f" > {above}" if above else "")


def _ranges_text(of: Ranges) -> str:
    found, behind = [], 0
    for first, length in of:
        found.append(f"{first - behind}+{length}" if length > 1 else str(first - behind))
        behind = first + length
    return " ".join(found)


def _halfwords(stored: Mapping[str, str], file: str) -> Halfwords:
    found = {}
    for condition, of in stored.items():
        parts = _CONDITION.fullmatch(condition)
        if parts is None:
            raise BadInputError(f"{file}: {condition!r} is no condition; fit it again with python -m mcusim.fit")
        key = parts[2], int(parts[3] or 0), NONE if parts[1] else int(parts[4] or 0)
        found[key] = _ranges(of, condition, file)
    return found


def _ranges(text: str, of: str, file: str) -> Ranges:
    found = [_RANGE.fullmatch(one) for one in text.split()]
    if None in found:
        raise BadInputError(f"{file}: {of!r}: {text!r} are no halfwords; fit it again with python -m mcusim.fit")
    ranges, behind = [], 0
    for gap, length in [(int(one[1]), int(one[2] or 1)) for one in found if one]:
        ranges.append((behind + gap, length))
        behind += gap + length
    return tuple(ranges)


def hardware_sha256(folder: str, name: str) -> str:
    """The digest of a bundled board's or core's file."""
    return hashlib.sha256((PACKAGE / folder / f"{name}.toml").read_bytes()).hexdigest()


def staleness(formulas: Formulas, code: KernelCode, board: Board, kernels: Manifest) -> str | None:
    """What of the kernels or the hardware has changed since a fit, in words; None where nothing has."""
    found = {
        "the kernels": (formulas.kernels_sha256, kernels.source_sha256),
        "the build of the kernels": (code.elf_sha256, kernels.elf_sha256),
        f"the file of core {board.core}": (formulas.core_sha256, hardware_sha256("cores", board.core)),
        f"the file of board {board.id}": (formulas.board_sha256, hardware_sha256("boards", board.id)),
    }
    changed = [what for what, (then, now) in found.items() if then != now]
    return f"{', '.join(changed)} changed since the formulas were fitted" if changed else None


def core_image(core: Core) -> str:
    """The name of the image of mcusim's kernels that a core executes."""
    return choose_image(core.isa, core.emulated_as, core.fpu)


def core_kernels(core: Core) -> Manifest:
    """What is built of the kernels for a core."""
    return load_manifest(core_image(core))
