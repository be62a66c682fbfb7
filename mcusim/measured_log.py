"""A CSV file of the user's own measurements → checked rows."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import dataclass
from pathlib import Path

from mcusim import documents
from mcusim.errors import BadInputError, quoted

COLUMNS = ("model", "layer", "cycles", "latency_us")
FILE_LIMIT_BYTES = 1 << 20
MOST_ROWS, MOST_MODELS = 1_000, 16
MOST_CYCLES = 1e13  # days on any microcontroller
EXPECTED = "a CSV file with the columns model, cycles and/or latency_us, and if need be layer"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row: what a model, or one layer of it, took by the user's own count; `line` is where it stands."""

    line: int
    model: str
    layer: int | None
    cycles: float | None
    latency_us: float | None

    @property
    def clock_hz(self) -> float | None:
        """The clock that the row itself tells, if it has cycles and a latency."""
        if self.cycles is None or self.latency_us is None:
            return None
        return self.cycles / self.latency_us * 1e6


def read_log(path: str | os.PathLike[str]) -> tuple[Measurement, ...]:
    """The rows of a log, model paths taken from the log's folder. Columns, in any order, under a line of names:

    model       the .tflite file that ran
    layer       index of the operator that was measured; empty or no such column: the whole inference
    cycles      DWT.CYCCNT's difference
    latency_us  time in microseconds, if it was measured (too); with cycles it tells the clock

    Raises BadInputError that names line, column and what is expected.
    """
    file = os.fspath(path)
    text = documents.read_text(path, FILE_LIMIT_BYTES, EXPECTED)
    try:
        table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as error:
        raise BadInputError(f"{file} is not CSV: {error}; {EXPECTED} is expected") from None
    names = _header(table[0] if table else [], file)
    rows = []
    for line, cells in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            raise BadInputError(f"{file}: line {line}: expected {len(names)} values, found {len(cells)}")
        rows.append(_row(dict(zip(names, (cell.strip() for cell in cells), strict=True)), line, file))
    if not rows:
        raise BadInputError(f"{file}: expected at least one measurement, found none")
    if len(rows) > MOST_ROWS or len({row.model for row in rows}) > MOST_MODELS:
        raise BadInputError(f"{file}: expected up to {MOST_ROWS:,} rows of up to {MOST_MODELS} models, found more")
    places = [(row.model, row.layer) for row in rows]
    for index, (row, place) in enumerate(zip(rows, places, strict=True)):
        if place in places[:index]:
            raise BadInputError(f"{file}: line {row.line}: expected each model and layer once, found it again")
    return tuple(rows)


def _header(cells: list[str], file: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    for name in names:
        if name not in COLUMNS:
            guess = documents.nearest(name, COLUMNS) if name else None
            hint = f"did you mean {guess!r}? " if guess else ""
            raise BadInputError(f"{file}: unknown column {quoted(name)}; {hint}known: {', '.join(COLUMNS)}")
    if len(set(names)) < len(names):
        raise BadInputError(f"{file}: expected each column once, found one twice")
    if "model" not in names or not {"cycles", "latency_us"} & set(names):
        raise BadInputError(f"{file}: {EXPECTED} is expected")
    return names


def _row(cells: dict[str, str], line: int, file: str) -> Measurement:
    place = f"{file}: line {line}"
    if not cells["model"]:
        raise BadInputError(f"{place}: model: expected the path of a .tflite file, found nothing")
    layer = cells.get("layer", "")
    if layer and not (layer.isascii() and layer.isdigit() and len(layer) <= 5):
        raise BadInputError(f"{place}: layer: expected an operator's index from 0, found {quoted(layer)}")
    cycles = _figure(cells.get("cycles", ""), f"{place}: cycles")
    latency_us = _figure(cells.get("latency_us", ""), f"{place}: latency_us")
    if cycles is None and latency_us is None:
        raise BadInputError(f"{place}: expected cycles or latency_us, found neither")
    model = os.fspath(Path(file).parent / cells["model"])
    return Measurement(line, model, int(layer) if layer else None, cycles, latency_us)


def _figure(text: str, place: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MOST_CYCLES:
        raise BadInputError(f"{place}: expected a number above 0, found {quoted(text)}")
    return value
