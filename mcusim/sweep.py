"""Model + boards → one row a board: fits, latency with its range, energy, or why it cannot be simulated."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache

from mcusim import figures, tables
from mcusim.errors import EmulationError, McusimError
from mcusim.hardware import Board
from mcusim.model import Model
from mcusim.plan import plan
from mcusim.record import Run
from mcusim.run import plan_only, run
from mcusim.tflite import parse

Progress = Callable[[int, int, str], None]

MOST_PROCESSES = 8  # each takes about 300 MB

LEGEND = (
    "core: with its clock in MHz. RAM, flash: share of what the platform leaves.\n"
    "latency: with its range, where that shows. ±: expected error of it.\n"
    "energy: m measured during inference, h headline current, s scaled with the clock.\n"
)


@dataclass(frozen=True, slots=True)
class SweepRow:
    """A model on one board. Where nothing was simulated, everything measured is None and `reason` says why.

    `least_latency_s` and `most_latency_s` are the run's range. `reason` also says why a model does not fit, or why its
    latency is not known.
    """

    board: str
    mcu: str
    core: str
    clock_hz: int
    reason: str | None
    fits: bool | None = None
    bit_exact: bool | None = None
    ram_used_bytes: int | None = None
    ram_available_bytes: int | None = None
    flash_used_bytes: int | None = None
    flash_available_bytes: int | None = None
    cycles: int | None = None
    latency_s: float | None = None
    least_latency_s: float | None = None
    most_latency_s: float | None = None
    error_percent: float | None = None
    energy_j: float | None = None
    energy_basis: str | None = None


def sweep(
    model: Model, boards: Sequence[Board], progress: Progress | None = None, processes: int = 1
) -> tuple[SweepRow, ...]:
    """A row for each board, in the given order, made by so many processes.

    `progress(done, total, board)` is called with the first board whose row is not there yet. A board whose core is
    not simulated gets the memory verdict, one that cannot be planned or run only the reason. Raises EmulationError
    where one of several processes is ended from outside.
    """
    rows = []
    made = _in_turn(model, boards) if processes == 1 else _side_by_side(model, boards, processes)
    for index, board in enumerate(boards):
        if progress:
            progress(index, len(boards), board.id)
        rows.append(next(made))
    if progress:
        progress(len(boards), len(boards), "done")
    return tuple(rows)


def usable_processes() -> int:
    """How many processes can work side by side: as many as there are CPUs for this one, within MOST_PROCESSES."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(available, MOST_PROCESSES)


def _in_turn(model: Model, boards: Sequence[Board]) -> Iterator[SweepRow]:
    return (_row(model, board) for board in boards)


def _side_by_side(model: Model, boards: Sequence[Board], processes: int) -> Iterator[SweepRow]:
    # Threads may hold locks here, those of a progress bar or of LLVM, so that a process starts from nothing.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(_row_of_file, model.file, model.name, board) for board in boards]
        for future in futures:
            yield future.result()
    except BrokenProcessPool as error:
        raise EmulationError(
            "a process that simulated boards was ended from outside; there may be too little memory: each of "
            f"{processes} takes about 300 MB"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@cache
def _parsed(file: bytes, name: str) -> Model:
    """The model of a file; a process makes many rows of it."""
    return parse(file, name)


def _row_of_file(file: bytes, name: str, board: Board) -> SweepRow:
    return _row(_parsed(file, name), board)


def _row(model: Model, board: Board) -> SweepRow:
    try:
        planned = plan(model, board)
        return row_of(board, run(planned) if planned.core.not_simulated is None else plan_only(planned))
    except McusimError as error:
        return SweepRow(board.id, board.mcu, board.core, board.clock_hz, str(error))


def row_of(board: Board, result: Run) -> SweepRow:
    """The row of a run on a board."""
    totals, verdict = result.totals, result.verdict
    clock_hz = result.board.clock_hz
    return SweepRow(
        board=board.id,
        mcu=board.mcu,
        core=result.board.core,
        clock_hz=clock_hz,
        reason="; ".join(text for text in (*verdict.reasons, totals.cycles_reason) if text) or None,
        fits=result.fits,
        bit_exact=all(layer.bit_exact for layer in result.layers) if result.layers else None,
        ram_used_bytes=verdict.ram.used_bytes,
        ram_available_bytes=verdict.ram.available_bytes,
        flash_used_bytes=verdict.flash.used_bytes,
        flash_available_bytes=verdict.flash.available_bytes,
        cycles=totals.cycles,
        latency_s=totals.latency_s,
        least_latency_s=None if totals.least_cycles is None else totals.least_cycles / clock_hz,
        most_latency_s=None if totals.most_cycles is None else totals.most_cycles / clock_hz,
        error_percent=totals.error_percent,
        energy_j=totals.energy_j,
        energy_basis=result.energy.basis,
    )


def holds(rows: Sequence[SweepRow]) -> bool:
    """Whether the model fits on at least one board and, where it was executed, is bit-exact there."""
    return any(row.fits and row.bit_exact is not False for row in rows)


def text(model: str, rows: Sequence[SweepRow], width: int) -> str:
    """The table, fastest board that holds the model first, and below it why the others do not."""
    ranked = sorted(rows, key=lambda row: (not row.fits, row.latency_s is None, row.latency_s or 0.0, row.board))
    headers = ["board", "core", "fit", ">RAM", ">flash", ">latency", ">±", ">energy"]
    cells = [_cells(row) for row in ranked]
    parts = [tables.safe(model) + "\n", tables.grid(headers, cells, width), LEGEND]
    reasons: dict[str, list[str]] = {}
    for row in ranked:
        if row.reason:
            reasons.setdefault(" ".join(row.reason.split()), []).append(row.board)
    if reasons:
        parts.append("".join(tables.safe(f"{', '.join(names)}: {why}") + "\n" for why, names in reasons.items()))
    return "\n".join(parts)


def _cells(row: SweepRow) -> list[str]:
    verdict = {True: "yes", False: "no", None: "?"}[row.fits]
    if row.fits and row.bit_exact is False:
        verdict = "not exact"
    return [
        row.board,
        f"{row.core.removeprefix('Cortex-').removeprefix('cortex_')} {row.clock_hz / 1e6:g}",
        verdict,
        _share(row.ram_used_bytes, row.ram_available_bytes),
        _share(row.flash_used_bytes, row.flash_available_bytes),
        _latency(row),
        "?" if row.error_percent is None else f"{row.error_percent:.0f}%",
        "–" if row.energy_j is None else f"{figures.joules(row.energy_j)} {(row.energy_basis or '?')[0]}",
    ]


def _latency(row: SweepRow) -> str:
    """The latency, or its range where that shows."""
    if row.latency_s is None:
        return "–"
    least, most = (_milliseconds(one or row.latency_s) for one in (row.least_latency_s, row.most_latency_s))
    return figures.seconds(row.latency_s) if least == most else f"{least}–{most} ms"


def _milliseconds(seconds: float) -> str:
    value = seconds * 1e3
    return f"{value:,.{0 if value >= 100 else 1 if value >= 1 else 3}f}"


def _share(used: int | None, available: int | None) -> str:
    return "–" if used is None or not available else f"{used / available:.0%}"
