"""Stored comparisons with published figures + board, core, memory timing → the error that a latency must expect."""

from __future__ import annotations

import functools
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from mcusim import documents
from mcusim.hardware import PACKAGE, Board, Core
from mcusim.published import Binary, Use
from mcusim.record import VERSION

SCHEMA = "mcusim.accuracy/1"
STORED = PACKAGE / "accuracy.json"  # what `mcusim accuracy --json` wrote last


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published figure beside mcusim's. `error_percent` is 100 × (predicted / published − 1): below 0 too fast.

    `memory` names the memory timing that the prediction was made with. Where nothing was predicted,
    `predicted_cycles_reason` says why. `own_model` tells that mcusim's own model of the same architecture stood in
    for the published one.
    """

    publication: str
    workload: str
    board: str | None
    chip: str
    core: str
    clock_hz: int | None
    framework: str | None
    kernels: str
    compiler: str
    flags: str | None
    memory_as_published: str
    binary: Binary
    use: Use
    difference: str
    note: str
    source: str
    published_cycles: float
    predicted_cycles: int | None
    predicted_cycles_reason: str | None
    error_percent: float | None
    memory: str | None
    model_file: str | None
    model_sha256: str | None
    own_model: bool


@dataclass(frozen=True, slots=True)
class Group:
    """What the predicted rows of one core, memory timing and use have in common; errors in percent.

    `mean_percent` and `median_percent` are those of the absolute errors, `bias_percent` is the mean with signs,
    `worst_percent` the largest in size with its sign.
    """

    core: str
    memory: str
    use: Use
    rows: int
    boards: tuple[str, ...]
    mean_percent: float
    median_percent: float
    worst_percent: float
    bias_percent: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Every published row with what mcusim makes of it, and the errors by core and memory timing."""

    schema: str
    mcusim_version: str
    rows: tuple[Comparison, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class ErrorBar:
    """The error that a latency must expect: `percent` is the mean of the absolute errors of comparable rows."""

    percent: float
    source: str


def summarise(rows: Sequence[Comparison]) -> tuple[Group, ...]:
    """The groups of the predicted rows, by core, memory timing and use; rows that validate come first."""
    errors: dict[tuple[str, str, Use], list[Comparison]] = {}
    for row in rows:
        if row.error_percent is not None and row.memory is not None:
            errors.setdefault((row.core, row.memory, row.use), []).append(row)
    ranked = sorted(errors.items(), key=lambda item: (item[0][2] != "validation", item[0]))
    return tuple(_group(*key, members) for key, members in ranked)


def _group(core: str, memory: str, use: Use, members: Sequence[Comparison]) -> Group:
    signed = [row.error_percent for row in members if row.error_percent is not None]
    sizes = [abs(error) for error in signed]
    return Group(
        core=core,
        memory=memory,
        use=use,
        rows=len(members),
        boards=tuple(sorted({row.board or row.chip for row in members})),
        mean_percent=round(statistics.fmean(sizes), 2),
        median_percent=round(statistics.median(sizes), 2),
        worst_percent=max(signed, key=abs),
        bias_percent=round(statistics.fmean(signed), 2),
    )


@functools.cache
def stored_accuracy() -> Accuracy:
    """The comparisons that come with this version of mcusim; BadInputError where the file is damaged.

    Without the file there are none: that is how it is written anew after a change of its fields.
    """
    if not STORED.is_file():
        return Accuracy(SCHEMA, VERSION, (), ())
    document = json.loads(STORED.read_text(encoding="utf-8"))
    return documents.build(Accuracy, document, STORED.name)


def expected_error(board: Board, core: Core, memory: str) -> ErrorBar | None:
    """The error to expect of a latency on a core with one memory timing (a name of MEMORIES).

    It is the mean of the absolute errors over the stored rows of that core and memory timing whose kernels are
    comparable (use "validation"); None where there is no such row. The words name the rows' boards.
    """
    for group in stored_accuracy().groups:
        if (group.core, group.memory, group.use) == (core.id, memory, "validation"):
            return ErrorBar(group.mean_percent, _words(group, board, core))
    return None


def no_error(core: Core, memory: str) -> str:
    """Why `expected_error` is None, as the reason beside a latency."""
    return f"no published latency on {core.name} with memory timing {memory} is there to compare with"


def _words(group: Group, board: Board, core: Core) -> str:
    on = ", ".join(group.boards)
    apart = "" if board.id in group.boards else "; none of them on this board"
    figures = "1 published figure" if group.rows == 1 else f"{group.rows} published figures"
    return (
        f"mean of {figures} on {core.name} with memory timing {group.memory} ({on}{apart}); mean with signs "
        f"{group.bias_percent:+.0f}%, worst {group.worst_percent:+.0f}%; what was measured is other builds and "
        "versions of the kernels, see `mcusim accuracy`"
    )
