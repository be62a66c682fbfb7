"""Run → a table of its layers as comma-separated values (RFC 4180), for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping

from mcusim import figures, tables
from mcusim.advice import main_cause
from mcusim.record import Layer, LayerTensor, Run
from mcusim.trace import CAUSES

# What a spreadsheet takes for the beginning of a formula, the full-width forms too.
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")

Cell = str | int | float | bool | None


def render(run: Run) -> str:
    """A header and a row a layer, units in the header's names; lines end in CR LF.

    A cell is empty where the value is not known or does not apply, never 0. A text that a spreadsheet would take for
    a formula has an apostrophe in front, with which spreadsheets mark texts: names come from untrusted models.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*BEFORE_CAUSES, *(written(f"{cause}_cycles") for cause in CAUSES), *BEHIND_CAUSES])
    for layer in run.layers:
        by_cause = layer.cycles_by_cause or {}
        cells = [column(layer, run) for column in BEFORE_CAUSES.values()]
        cells += [by_cause.get(cause, 0 if by_cause else None) for cause in CAUSES]
        cells += [column(layer, run) for column in BEHIND_CAUSES.values()]
        writer.writerow([written(cell) for cell in cells])
    return text.getvalue()


def written(cell: Cell) -> str:
    """A cell as it stands in the file."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        text = tables.safe(cell)
        return f"'{text}" if text.lstrip().startswith(FORMULA) else text
    return str(cell)


def _shapes(tensors: Iterable[LayerTensor]) -> str:
    return " ".join(figures.extents(one.shape) for one in tensors)


def _percent(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else round(100 * part / whole, 3)


def _ratio(value: int | None, per: int) -> float | None:
    return None if value is None or not per else round(value / per, 4)


def _seconds(layer: Layer, run: Run) -> float | None:
    return None if layer.cycles is None else layer.cycles / run.board.clock_hz


def _scaled(value: float | None, factor: float | None) -> float | None:
    return None if value is None or factor is None else round(value * factor, 3)


def _largest(layer: Layer) -> str | None:
    """The cause of most cycles, the first of equals."""
    counts = {cause: count for cause, count in (layer.cycles_by_cause or {}).items() if count}
    return max(counts, key=lambda cause: counts[cause], default=None)


def _energy(layer: Layer, run: Run) -> float | None:
    power_uw = None if run.energy.power_w is None else run.energy.power_w * 1e6
    return _scaled(_seconds(layer, run), power_uw)


def _error(_: Layer, run: Run) -> Cell:
    return run.totals.error_percent_reason or run.totals.error_source


Column = Callable[[Layer, Run], Cell]
BEFORE_CAUSES: Mapping[str, Column] = {
    "index": lambda layer, run: layer.index,
    "op": lambda layer, run: layer.op,
    "name": lambda layer, run: layer.name,
    "kernel": lambda layer, run: layer.kernel,
    "variant": lambda layer, run: layer.variant,
    "input_shapes": lambda layer, run: _shapes(one for one in layer.inputs if not one.is_constant),
    "weight_shapes": lambda layer, run: _shapes(one for one in layer.inputs if one.is_constant),
    "output_shapes": lambda layer, run: _shapes(layer.outputs),
    "macs": lambda layer, run: layer.macs,
    "macs_share_percent": lambda layer, run: _percent(layer.macs, run.totals.macs),
    "instructions": lambda layer, run: layer.instructions,
    "cycles": lambda layer, run: layer.cycles,
    "least_cycles": lambda layer, run: layer.least_cycles,
    "most_cycles": lambda layer, run: layer.most_cycles,
    "cycles_share_percent": lambda layer, run: _percent(layer.cycles, run.totals.cycles),
    "cycles_per_mac": lambda layer, run: _ratio(layer.cycles, layer.macs),
    "latency_us": lambda layer, run: _scaled(_seconds(layer, run), 1e6),
    "energy_uj": _energy,
    "run_error_percent": lambda layer, run: run.totals.error_percent,
    "run_error_source": _error,
    "bound_by": lambda layer, run: _largest(layer),
    "beyond_issue": lambda layer, run: main_cause(layer)[0] or None,
}
BEHIND_CAUSES: Mapping[str, Column] = {
    "live_bytes": lambda layer, run: layer.live_bytes,
    "live_share_percent": lambda layer, run: _percent(layer.live_bytes, run.memory.holes.peak_bytes),
    "scratch_bytes": lambda layer, run: layer.scratch_bytes,
    "scratch_touched_bytes": lambda layer, run: layer.scratch_touched_bytes,
    "stack_bytes": lambda layer, run: layer.stack_bytes,
    "weights_bytes": lambda layer, run: sum(one.bytes for one in layer.inputs if one.is_constant),
    "estimated_cycles": lambda layer, run: layer.estimated_cycles,
    "executed": lambda layer, run: layer.bit_exact is not None,
    "bit_exact": lambda layer, run: layer.bit_exact,
    "why": lambda layer, run: layer.why,
}
