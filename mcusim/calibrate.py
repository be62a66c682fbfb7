"""A log of the user's own measurements + a board → its open parameters as they fit best, and how the error moved."""

from __future__ import annotations

import dataclasses
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcusim import figures, tables
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import Board, Parameter, Rule, board_core
from mcusim.measured_log import Measurement
from mcusim.model import Model
from mcusim.plan import plan
from mcusim.run import run
from mcusim.tflite import load

# What a taken conditional branch was seen to cost beyond its cycle on Cortex-M4 silicon is 2 and 3; one around them.
REFILL_RULE = "conditional_branch_refill"
REFILLS = (1.0, 2.0, 3.0, 4.0)
# Less than this is no improvement: a fit that moves a parameter for it has found noise.
WORTHWHILE_PERCENT = 0.05
# Oscillators are within 1 %; a clock further off is another clock.
CLOCK_TOLERANCE = 0.01

Choice = Mapping[str, float]
# Cycles of every layer of a model (by the log's path) on a board.
Predict = Callable[[Board, str], Sequence[int]]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of the board's file that the log changes."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class FittedRow:
    """One measurement beside what was predicted before and after; cycles."""

    model: str
    layer: int | None
    measured_cycles: float
    before_cycles: int
    after_cycles: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a log changes on a board. Errors are means of |predicted / measured − 1| in percent.

    `held_out_percent` predicts each model (with a single model: each row) with the parameters fitted to the others;
    None and the reason where there are no others. Where it is worse than `before_percent`, nothing but the clock
    is changed.
    """

    board: str
    log: str
    open_parameters: tuple[str, ...]
    changes: tuple[Change, ...]
    before_percent: float
    after_percent: float
    held_out_percent: float | None
    held_out_percent_reason: str | None
    verdict: str
    rows: tuple[FittedRow, ...]


@dataclass(frozen=True, slots=True)
class _Parameter:
    """An open parameter: the value it has now and those it may have."""

    name: str
    current: float
    candidates: tuple[float, ...]


def predictor() -> Predict:
    """Predictions by whole simulations, each model read once."""
    models: dict[str, Model] = {}

    def predict(board: Board, path: str) -> Sequence[int]:
        if path not in models:
            models[path] = load(path)
        return [layer.cycles or 0 for layer in run(plan(models[path], board), link_orders=False).layers]

    return predict


def calibrate(
    board: Board, log: Sequence[Measurement], log_name: str, predict: Predict, progress: Progress | None = None
) -> Calibration:
    """Fit a board's open parameters to measurements of it.

    Open are the refill of a taken conditional branch, every memory parameter of which several values are possible,
    and the clock where rows have both cycles and a latency. One parameter after the other takes the value with the
    least mean error until none improves: deterministic, and each candidate is a whole simulation. Raises
    BadInputError for a layer that a model does not have, UnsupportedError for a core that is not simulated, and
    whatever reading, planning and running raise.
    """
    core = board_core(board)
    if core.not_simulated is not None:
        raise UnsupportedError(f"{board.id}: no cycles to calibrate: {core.not_simulated}")
    clock_hz = measured_clock(log, board, log_name)
    clocked = board.at_clock(clock_hz)
    parameters = open_parameters(clocked)
    fit = _Fit(clocked, log, log_name, predict, parameters, progress)
    everything = range(len(log))
    start = {one.name: one.current for one in parameters}
    before_percent = fit.error(start, everything)
    chosen = fit.search(everything)
    held_out, no_held_out = fit.held_out()
    verdict = _verdict(start != chosen, before_percent, held_out)
    if held_out is not None and held_out > before_percent:
        chosen = start
    changes = [Change(name, start[name], value) for name, value in chosen.items() if value != start[name]]
    if clock_hz != board.clock_hz:
        changes.insert(0, Change("clock_hz", board.clock_hz, clock_hz))
    return Calibration(
        board=board.id,
        log=log_name,
        open_parameters=tuple(start),
        changes=tuple(changes),
        before_percent=round(before_percent, 2),
        after_percent=round(fit.error(chosen, everything), 2),
        held_out_percent=None if held_out is None else round(held_out, 2),
        held_out_percent_reason=no_held_out,
        verdict=verdict,
        rows=tuple(fit.row(index, start, chosen) for index in everything),
    )


def measured_clock(log: Sequence[Measurement], board: Board, log_name: str) -> int:
    """The clock that the rows with cycles and latency tell, to a kilohertz; the board's where none does, or is near.

    Raises BadInputError where the rows contradict each other by more than an oscillator's tolerance.
    """
    clocks = [clock for row in log if (clock := row.clock_hz) is not None]
    if not clocks:
        return board.clock_hz
    middle = statistics.median(clocks)
    if max(abs(clock / middle - 1) for clock in clocks) > CLOCK_TOLERANCE:
        raise BadInputError(
            f"{log_name}: cycles and latency_us tell clocks from {min(clocks) / 1e6:.4g} to {max(clocks) / 1e6:.4g} "
            "MHz; one board at one clock is expected"
        )
    return board.clock_hz if abs(middle / board.clock_hz - 1) <= CLOCK_TOLERANCE else round(middle / 1e3) * 1000


def open_parameters(board: Board) -> tuple[_Parameter, ...]:
    """What of a board's timing is open to a fit, in the order in which it is tried."""
    found = []
    rules = board_core(board).rules
    if REFILL_RULE in rules:
        current = float(rules[REFILL_RULE].value)
        found.append(_Parameter(f"rules.{REFILL_RULE}", current, tuple(sorted({current, *REFILLS}))))
    if board.memory is not None:
        found += [
            _Parameter(f"memory.parameters.{name}", parameter.values[0], parameter.values)
            for name, parameter in board.memory.parameters.items()
            if len(parameter.values) > 1
        ]
    return tuple(found)


def with_choice(board: Board, choice: Choice, source: str) -> Board:
    """The board with one value for each open parameter."""
    rules, memory = dict(board.rules), board.memory
    for name, value in choice.items():
        kind, _, key = name.rpartition(".")
        if kind == "rules":
            rules[key] = Rule(int(value), source)
        elif memory is not None:
            memory = dataclasses.replace(memory, parameters={**memory.parameters, key: Parameter((value,), source)})
    return dataclasses.replace(board, rules=rules, memory=memory)


class _Fit:
    """Predictions of the candidates tried so far, and the search over them."""

    def __init__(
        self,
        board: Board,
        log: Sequence[Measurement],
        log_name: str,
        predict: Predict,
        parameters: Sequence[_Parameter],
        progress: Progress | None,
    ) -> None:
        self.board, self.log, self.log_name, self.predict = board, log, log_name, predict
        self.parameters, self.progress = parameters, progress
        self.known: dict[tuple[tuple[float, ...], str], Sequence[int]] = {}
        self.models = sorted({row.model for row in log})

    def layers(self, choice: Choice, model: str) -> Sequence[int]:
        key = (tuple(choice[one.name] for one in self.parameters), model)
        if key not in self.known:
            if self.progress:
                expected = len(self.models) * (1 + sum(len(one.candidates) - 1 for one in self.parameters))
                self.progress(len(self.known), max(expected, len(self.known) + 1), Path(model).name)
            self.known[key] = self.predict(with_choice(self.board, choice, "candidate"), model)
        return self.known[key]

    def predicted(self, index: int, choice: Choice) -> int:
        row = self.log[index]
        layers = self.layers(choice, row.model)
        if row.layer is None:
            return sum(layers)
        if row.layer >= len(layers):
            raise BadInputError(
                f"{self.log_name}: line {row.line}: layer: {Path(row.model).name} has {len(layers)} layers, "
                f"0 to {len(layers) - 1}; found {row.layer}"
            )
        return layers[row.layer]

    def measured(self, index: int) -> float:
        row = self.log[index]
        if row.cycles is not None:
            return row.cycles
        assert row.latency_us is not None
        return row.latency_us * self.board.clock_hz / 1e6

    def error(self, choice: Choice, rows: Sequence[int]) -> float:
        """The mean of |predicted / measured − 1| over some rows, in percent."""
        errors = [abs(self.predicted(index, choice) / self.measured(index) - 1) for index in rows]
        return 100 * statistics.fmean(errors)

    def search(self, rows: Sequence[int]) -> Choice:
        """The choice that coordinate descent from the current values ends at."""
        chosen: Choice = {one.name: one.current for one in self.parameters}
        best, moved = self.error(chosen, rows), True
        while moved:
            moved = False
            for one in self.parameters:
                for value in one.candidates:
                    trial = {**chosen, one.name: value}
                    if (error := self.error(trial, rows)) < best - WORTHWHILE_PERCENT:
                        chosen, best, moved = trial, error, True
        return chosen

    def held_out(self) -> tuple[float | None, str | None]:
        """The mean error of what each fit did not see: a model, or a row where there is one model."""
        keys: list[object] = [row.model for row in self.log]
        if len(self.models) == 1:
            keys = list(range(len(self.log)))
        groups = list(dict.fromkeys(keys))
        if len(groups) == 1:
            return None, "a single measurement: nothing is left to test the fit on"
        errors = []
        for group in groups:
            inside = [index for index, key in enumerate(keys) if key == group]
            outside = [index for index, key in enumerate(keys) if key != group]
            choice = self.search(outside)
            errors += [self.error(choice, [index]) for index in inside]
        return statistics.fmean(errors), None

    def row(self, index: int, before: Choice, after: Choice) -> FittedRow:
        one, measured = self.log[index], round(self.measured(index), 1)
        predicted = (self.predicted(index, before), self.predicted(index, after))
        return FittedRow(Path(one.model).name, one.layer, measured, *predicted)


def _verdict(changed: bool, before_percent: float, held_out: float | None) -> str:
    if not changed:
        return "the parameters fit as well as any others that were tried: they stay"
    if held_out is None:
        return "fitted to a single measurement: whether it holds for others is not known"
    if held_out > before_percent:
        return "the fit does not hold for measurements that it has not seen, so the parameters stay as they were"
    return "the fit also holds for measurements that it has not seen"


def file_changes(calibration: Calibration, board: Board) -> dict[str, object]:
    """The changed facts as they stand in a board's document, by dotted key, the log named as their source."""
    rows = len(calibration.rows)
    source = (
        f"fitted to {Path(calibration.log).name} ({rows} {'row' if rows == 1 else 'rows'}): mean error "
        f"{calibration.before_percent:g} % before, {calibration.after_percent:g} % after"
    )
    changes: dict[str, object] = {}
    for change in calibration.changes:
        value: float | int = int(change.after) if change.after == int(change.after) else change.after
        was = f"{source}; {change.before:g} before"
        if change.name == "clock_hz":
            changes["clock"] = {"hz": value, "source": f"measured: cycles over latency in {Path(calibration.log).name}"}
            waits = board.at_clock(int(change.after)).flash_timing.wait_states
            changes["flash.wait_states"] = "unknown" if waits is None else waits
        elif change.name.startswith("rules."):
            changes[change.name] = {"value": value, "source": was}
        else:
            changes[change.name] = {"values": [value], "source": was}
    return changes


def changed_document(
    document: Mapping[str, object], changes: Mapping[str, object], board_file: str, written_to: str
) -> dict[str, object]:
    """A board's document with the changed facts, named after the file it goes to; a core's path holds from there."""
    result: dict[str, object] = {**document, "id": Path(written_to).stem}
    core = document.get("core")
    if isinstance(core, str) and core.endswith(".toml"):
        result["core"] = os.path.relpath(Path(board_file).parent / core, Path(written_to).parent)
    for key, value in changes.items():
        *path, last = key.split(".")
        table = result
        for part in path:
            inner = table.get(part)
            copy: dict[str, object] = dict(inner) if isinstance(inner, Mapping) else {}
            table[part] = table = copy
        table[last] = value
    return result


def text(calibration: Calibration, width: int) -> str:
    """What changed, how the error moved, and every row."""
    open_ones = ", ".join(calibration.open_parameters) or "none"
    held = calibration.held_out_percent
    lines = [
        tables.safe(f"{calibration.board}, fitted to {calibration.log}") + "\n",
        f"open parameters: {open_ones}\n",
        *(f"  {one.name}: {one.before:,.10g} → {one.after:,.10g}\n" for one in calibration.changes),
        f"mean error: before {calibration.before_percent:.2f}%, after {calibration.after_percent:.2f}%, "
        + (f"unseen {held:.2f}%\n" if held is not None else f"unseen: {calibration.held_out_percent_reason}\n"),
        f"{calibration.verdict}\n",
    ]
    headers = ["model", ">layer", ">measured", ">before", ">after", ">error before", ">error after"]
    cells = [
        [
            row.model,
            "all" if row.layer is None else str(row.layer),
            f"{row.measured_cycles:,.0f}",
            f"{row.before_cycles:,}",
            f"{row.after_cycles:,}",
            figures.percent(row.before_cycles / row.measured_cycles - 1),
            figures.percent(row.after_cycles / row.measured_cycles - 1),
        ]
        for row in calibration.rows
    ]
    return "".join(lines) + "\n" + tables.grid(headers, cells, width)
