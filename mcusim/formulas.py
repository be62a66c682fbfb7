"""A board → its stored cost formulas: cycles of each kernel as a linear form of its loop counts."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.hardware import PACKAGE, Board
from mcusim.manifest import Manifest, choose_image, load_manifest

SCHEMA = "mcusim.estimates/1"
FOLDER = PACKAGE / "estimates"
FILE_LIMIT_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Formula:
    """Cycles of one kernel: the sum of counts times `cycles` and `waits`; which counts, cost.Cost says.

    `cycles` are those of the pipeline with memory that never waits, `waits` those that the board's memory adds to
    them, `cold_waits` for each count above 0 where the kernel's code is not in a cache. `median_percent` and
    `worst_percent` are the absolute errors of `layers` that the fit had not seen, against emulation.
    """

    cycles: Mapping[str, float]
    waits: Mapping[str, float]
    cold_waits: Mapping[str, float]
    layers: int
    median_percent: float
    worst_percent: float


@dataclass(frozen=True, slots=True)
class Formulas:
    """All that was fitted on a board, and what it was fitted with.

    `kernels_sha256` is of the kernels' sources, `core_sha256` and `board_sha256` of the hardware's files.
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
    kernels: Mapping[str, Formula]


def formulas_path(board: str) -> Path:
    """Where the package keeps the formulas of a board."""
    return FOLDER / f"{board}.json"


@functools.lru_cache(maxsize=64)
def stored_formulas(board: str) -> Formulas | None:
    """The formulas of a board by its name, None where none are fitted; BadInputError where the file is damaged."""
    path = formulas_path(board)
    if not path.is_file():
        return None
    try:
        document = json.loads(documents.read_text(path, FILE_LIMIT_BYTES, "cost formulas"))
    except ValueError as error:
        raise BadInputError(f"{path.name} is not JSON: {error}; fit it again with python -m mcusim.fit") from None
    return documents.build(Formulas, document, path.name)


def to_json(formulas: Formulas) -> str:
    """The text of a file of formulas."""
    return json.dumps(dataclasses.asdict(formulas), indent=1, ensure_ascii=False) + "\n"


def hardware_sha256(folder: str, name: str) -> str:
    """The digest of a bundled board's or core's file."""
    return hashlib.sha256((PACKAGE / folder / f"{name}.toml").read_bytes()).hexdigest()


def staleness(formulas: Formulas, board: Board, kernels: Manifest) -> str | None:
    """What of the kernels or the hardware has changed since a fit, in words; None where nothing has."""
    found = {
        "the kernels": (formulas.kernels_sha256, kernels.source_sha256),
        f"the file of core {board.core}": (formulas.core_sha256, hardware_sha256("cores", board.core)),
        f"the file of board {board.id}": (formulas.board_sha256, hardware_sha256("boards", board.id)),
    }
    changed = [what for what, (then, now) in found.items() if then != now]
    return f"{', '.join(changed)} changed since the formulas were fitted" if changed else None


def board_kernels(board: Board, isa: str, cpu: str, fpu: str | None) -> Manifest:
    """What is built of the kernels for a board's core."""
    return load_manifest(choose_image(isa, cpu, fpu))
