"""The TOML files of mcusim/published/ → published latencies and cycle counts, each with everything known about it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.hardware import PACKAGE

FOLDER = PACKAGE / "published"

Binary = Literal["exact", "source", "other kernels"]
Use = Literal["validation", "context"]


@dataclass(frozen=True, slots=True)
class Row:
    """One published figure: a latency where a model ran, cycles where they were counted."""

    workload: str
    latency_us: float | None = None
    cycles: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """Figures of one binary configuration on one chip.

    `board` is mcusim's name for it, None where no board file describes it; `core` the name of a core file; `clock_hz`
    is None where it is not stated. `binary` tells how what mcusim executes relates to what was measured: the very
    image, a build of its source, or mcusim's own kernels. Rows for `use` "validation" make the expected error of a
    report, "context" rows only bound what the core can do. `difference` says what is known of what differs.
    """

    id: str
    framework: str | None
    kernels: str
    compiler: str
    flags: str | None
    board: str | None
    chip: str
    core: str
    clock_hz: int | None
    memory: str
    kind: Literal["model", "kernel"]
    binary: Binary
    use: Use
    difference: str
    source: str
    row: tuple[Row, ...]

    def cycles_of(self, row: Row) -> float:
        """Cycles of a row: as counted, or latency × clock."""
        if row.cycles is not None:
            return row.cycles
        assert row.latency_us is not None and self.clock_hz is not None
        return row.latency_us * self.clock_hz / 1e6


@dataclass(frozen=True, slots=True)
class _File:
    """One TOML file."""

    publication: tuple[Publication, ...]


def publications() -> Iterator[Publication]:
    """All publications, by file and then in the order of the file; BadInputError for anything wrong in one."""
    names: set[str] = set()
    for path in sorted(FOLDER.glob("*.toml")):
        shown = f"published/{path.name}"
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        for one in documents.build(_File, document, shown, nulls=("none",)).publication:
            _check(one, shown)
            if one.id in names:
                raise BadInputError(f"{shown}: expected each id once, found {one.id!r} again")
            names.add(one.id)
            yield one


def _check(one: Publication, file: str) -> None:
    for row in one.row:
        figures = [figure for figure in (row.latency_us, row.cycles) if figure is not None]
        if len(figures) != 1 or figures[0] <= 0:
            raise BadInputError(f"{file}: {one.id}: {row.workload}: expected either latency_us or cycles, above 0")
        if row.latency_us is not None and one.clock_hz is None:
            raise BadInputError(f"{file}: {one.id}: {row.workload}: a latency needs clock_hz to become cycles")
