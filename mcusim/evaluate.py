"""A model, samples and labels → what its results are worth, and what an inference costs on a board."""

from __future__ import annotations

import datetime
import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from mcusim import record
from mcusim.errors import UnsupportedError
from mcusim.evaluation import SCHEMA, BoardFigures, Check, DataInfo, Evaluation, EvaluationReport, fronts
from mcusim.expectation import expected_error, no_error
from mcusim.forward import outputs_of
from mcusim.memory_systems import memory_timing
from mcusim.model import Model
from mcusim.operands import Array
from mcusim.ops import OPERATORS
from mcusim.plan import Plan, check
from mcusim.run import Progress, estimate_only, model_info, plan_only, run
from mcusim.samples import Stored, stored_samples
from mcusim.scores import score, statistics

Engine = Literal["emulation", "estimate"]
NO_BOARD = "no board was named"
NOTHING_RAN = "nothing was executed"
RATE_EVERY_S = 0.2  # how often the samples per second are shown anew


def evaluate(
    model: Model,
    samples: Array | Sequence[Array],
    labels: Array | None = None,
    *,
    plan: Plan | None = None,
    engine: Engine = "emulation",
    checked: int = 1,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a model on every sample by the reference kernels, and judge the outputs by the labels.

    `samples`: [samples, *shape], or a list of such arrays in the model's input order: of the input's own integer type
    as they are, else real values, which are quantized. `labels`: a class a sample, one-hot rows, or targets of the
    output's shape; None: only statistics of the outputs. Every sample starts as the first inference does.

    With a `plan` of the model also what an inference costs: by simulating the first samples, `checked` of them, each
    compared bit by bit, or by the cost formulas (`engine`). `progress(done, total, what)` is called in between.

    Raises BadInputError for samples or labels that do not go with the model, UnsupportedError for a model with
    operators that mcusim does not run, EmulationError for target code that goes wrong.
    """
    check(model)
    stored = stored_samples(model, [samples] if isinstance(samples, np.ndarray) else samples)
    outputs = outputs_of(model, stored.inputs, _with_rate(progress, model.name))
    classes, errors = score(model, outputs, labels)
    simulated = None if plan is None else _simulated(plan, engine, stored, checked, progress)
    ran = simulated[1] if simulated else None
    no_labels = "there are no labels" if labels is None else None
    return Evaluation(
        model=model_info(model),
        macs=sum(OPERATORS[op.name].macs(model, op) for op in model.ops),
        samples=stored.count,
        values=stored.values,
        clamped=stored.clamped,
        classification=classes,
        classification_reason=None if classes else no_labels or "the labels are targets",
        regression=errors,
        regression_reason=None if errors else no_labels or "the labels are classes",
        outputs=statistics(model, outputs),
        board=_figures(simulated[0], plan) if simulated and plan else None,
        board_reason=None if simulated else NO_BOARD,
        check=ran,
        check_reason=None if ran else NOTHING_RAN if simulated else NO_BOARD,
    )


def _with_rate(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """Progress over samples, with how many of them go through in a second since the first ones were compiled for."""
    if progress is None:
        return None
    shown = progress
    begin: tuple[float, int] | None = None

    def step(done: int, total: int) -> None:
        nonlocal begin
        now = time.monotonic()
        if begin is None:
            begin = (now, done) if done else None
        elapsed = now - begin[0] if begin else 0.0
        rate = f", {(done - begin[1]) / elapsed:,.0f} samples/s" if begin and elapsed > 0 else ""
        shown(done, total, f"{name}{rate}")

    return step


def _simulated(
    plan: Plan, engine: Engine, stored: Stored, checked: int, progress: Progress | None
) -> tuple[record.Run, Check | None]:
    """The run that the figures are of, and what came of the samples that were executed."""
    if engine == "estimate":
        return estimate_only(plan), None
    if plan.core.not_simulated is not None:
        return plan_only(plan), None
    first: record.Run | None = None
    exact, difference = 0, None
    samples = min(max(checked, 1), stored.count)
    for number in range(samples):
        step = progress if number == 0 else None
        found = run(plan, [array[number] for array in stored.inputs], progress=step, link_orders=number == 0)
        first = first or found
        wrong = next((layer for layer in found.layers if layer.bit_exact is False), None)
        exact += wrong is None
        if wrong is not None and difference is None:
            difference = f"sample {number}, layer {wrong.index} ({wrong.op}): {wrong.difference}"
        if progress:
            progress(number + 1, samples, f"{plan.model.name} on {plan.board.id}")
    assert first is not None
    return first, Check(samples, exact, difference, None if difference else "every bit is equal")


def _figures(found: record.Run, plan: Plan) -> BoardFigures:
    """What a report shows of a run."""
    totals, verdict = found.totals, found.verdict
    own_percent, own_reason = _emulation_error(totals, plan)
    return BoardFigures(
        fits=found.fits,
        reasons=verdict.reasons,
        cycles=totals.cycles,
        cycles_reason=totals.cycles_reason,
        least_cycles=totals.least_cycles,
        most_cycles=totals.most_cycles,
        latency_s=totals.latency_s,
        error_percent=totals.error_percent,
        error_percent_reason=totals.error_percent_reason,
        error_source=totals.error_source,
        energy_j=totals.energy_j,
        energy_j_reason=totals.energy_j_reason,
        ram_bytes=verdict.ram.used_bytes,
        ram_available_bytes=verdict.ram.available_bytes,
        flash_bytes=verdict.flash.used_bytes,
        flash_available_bytes=verdict.flash.available_bytes,
        arena_bytes=found.memory.smallest_arena_bytes,
        emulation_error_percent=own_percent,
        emulation_error_percent_reason=own_reason,
    )


def _emulation_error(totals: record.Totals, plan: Plan) -> tuple[float | None, str | None]:
    """The error to expect of emulated cycles, or why none is known; that of estimated ones is against these."""
    if totals.cycles is None or totals.instructions is not None:
        return totals.error_percent, totals.error_percent_reason
    memory = memory_timing(plan.board)
    error = expected_error(plan.board, plan.core, memory)
    return (error.percent, None) if error else (None, f"not validated: {no_error(plan.core, memory)}")


def report(
    models: Sequence[Evaluation],
    data: DataInfo,
    board: str | None = None,
    engine: Engine = "emulation",
    command: str = "",
) -> EvaluationReport:
    """Several models on the same data, and on the same board; UnsupportedError for models judged differently."""
    kinds = {(one.classification is None, one.regression is None) for one in models}
    if len(kinds) > 1:
        raise UnsupportedError("the labels are classes to some of the models and targets to others")
    return EvaluationReport(
        schema=SCHEMA,
        mcusim_version=record.VERSION,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=command,
        data=data,
        board=board,
        board_reason=None if board else NO_BOARD,
        engine=engine if board else None,
        engine_reason=None if board else NO_BOARD,
        models=tuple(models),
        fronts=fronts(tuple(models)),
    )


def data_info(samples: str, arrays: Sequence[Array], labels: str, values: Array | None) -> DataInfo:
    """What a report says of samples and labels that are from somewhere."""
    return DataInfo(
        samples=samples,
        samples_sha256=_digest(arrays),
        labels=labels if values is not None else None,
        labels_reason=None if values is not None else "there are none",
        labels_sha256=None if values is None else _digest([values]),
        count=len(arrays[0]),
    )


def _digest(arrays: Sequence[Array]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
