"""Model + boards → one row a board: fits, latency with its range, energy, or why it cannot be simulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcusim import figures, tables
from mcusim.errors import McusimError
from mcusim.hardware import Board
from mcusim.model import Model
from mcusim.plan import plan
from mcusim.record import Run
from mcusim.run import plan_only, run

Progress = Callable[[int, int, str], None]

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


def sweep(model: Model, boards: Sequence[Board], progress: Progress | None = None) -> tuple[SweepRow, ...]:
    """A row for each board, in the given order; `progress(done, total, board)` is called before each.

    The model is parsed once by the caller. A board whose core is not simulated gets the memory verdict, one that
    cannot be planned or run only the reason.
    """
    rows = []
    for index, board in enumerate(boards):
        if progress:
            progress(index, len(boards), board.id)
        try:
            planned = plan(model, board)
            rows.append(row_of(board, run(planned) if planned.core.not_simulated is None else plan_only(planned)))
        except McusimError as error:
            rows.append(SweepRow(board.id, board.mcu, board.core, board.clock_hz, str(error)))
    if progress:
        progress(len(boards), len(boards), "done")
    return tuple(rows)


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
