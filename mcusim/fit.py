"""Random layers, emulated on a board → cost formulas of its kernels (python -m mcusim.fit [BOARD ...])."""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import documents
from mcusim.cost import Cost, Counts, Target
from mcusim.costs import COSTS
from mcusim.formulas import SCHEMA, Formula, Formulas, board_kernels, formulas_path, hardware_sha256, to_json
from mcusim.hardware import Board, Core, board_core, board_names, load_board
from mcusim.inference import Machine
from mcusim.model import Model, Op, Tensor
from mcusim.nonnegative import nonnegative_least_squares
from mcusim.plan import plan
from mcusim.sketch import Sketch
from mcusim.streams import code_cache, data_cache, missed_lines
from mcusim.sweep import usable_processes

SEED = 1
LONGEST_RUN = 3  # layers of one operator behind each other
# Of a model's constants and activations: the more, the fewer times code is decoded. Where the core has a data cache,
# activations are to lie in the memory at the start of the arena's bank, as those of most models do.
MOST_FILE_BYTES, MOST_ARENA_BYTES, MOST_CACHED_ARENA_BYTES = 200_000, 160_000, 40_000
WARM_SHARE = 0.3  # of a cache that went through it since: less leaves a kernel's code there
MOST_COLD_CYCLES = 30_000  # of a layer to which it matters that its code is not in a cache yet
CODE_BYTES = 40_000  # about what the kernels take of flash
FOLDS = 5
FEWEST_LAYERS = 8  # that a formula is fitted to
COLD = "cold "  # in front of the names of counts whose code is not in a cache

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A layer that was emulated: all cycles, and those that waited for memory; `cold`: its code was in no cache."""

    model: Model
    op: Op
    cold: bool
    cycles: int
    waits: int


@dataclass(frozen=True, slots=True)
class Observation:
    """A measured layer and its cost."""

    cost: Cost
    cold: bool
    cycles: int
    waits: int


def sample_models(board: Board, share: float = 1.0) -> Iterator[Model]:
    """The models whose layers a fit takes, as large as the board allows; `share` of the full number of layers."""
    cache = data_cache(board)
    arena_bytes = MOST_CACHED_ARENA_BYTES if cache and cache.of_arena else MOST_ARENA_BYTES
    file_bytes = min(MOST_FILE_BYTES, (board.flash_bytes - board.reserved_flash.bytes - CODE_BYTES) // 2)
    rng = np.random.default_rng(SEED)
    runs: list[list[str]] = []
    for name, costing in COSTS.items():
        left = max(1, round(costing.samples * share))
        while left > 0:
            runs.append([name] * min(left, int(rng.integers(1, LONGEST_RUN + 1))))
            left -= len(runs[-1])
    sketch = Sketch("sample 0")
    for number, index in enumerate(rng.permutation(len(runs))):
        for name in runs[index]:
            COSTS[name].draw(sketch, rng)
        if len(sketch.file) >= file_bytes or sketch.activation_bytes >= arena_bytes:
            yield sketch.model()
            sketch = Sketch(f"sample {number + 1}")
    if sketch.ops:
        yield sketch.model()


def target_of(core: Core) -> Target:
    """What of a core decides which code runs."""
    return Target(core.dsp, core.isa != "armv6m")


def measure(board: Board, models: Sequence[Model]) -> list[Measured]:
    """Emulate every layer of models.

    A layer counts where its code must still be in the cache, or must have been evicted; small ones do not wait for
    the latter: they run again with empty caches.
    """
    board = _first_choice(board)
    target, cache, found = target_of(board_core(board)), code_cache(board), list[Measured]()
    for number, model in enumerate(models):
        machine = Machine.start(plan(model, board), _inputs(model, number))
        passed, last = 0, dict[str, int]()
        for op in model.ops:
            cost = COSTS[op.name].count(model, op, target)
            cycles, waits = machine.cycles_and_waits(op)
            if cache is None:
                found.append(Measured(model, op, False, cycles, waits))
                continue
            since = passed - last.get(cost.kernel, -cache.bytes)
            is_small = cycles <= MOST_COLD_CYCLES
            if since < WARM_SHARE * cache.bytes or (since >= cache.bytes and not is_small):
                found.append(Measured(model, op, since >= cache.bytes, cycles, waits))
            own = cache.passed_bytes(cost.streams)
            last[cost.kernel] = passed + min(own, cache.bytes)
            passed += own
            if is_small:
                machine.emulator.empty_caches()
                found.append(Measured(model, op, True, *machine.cycles_and_waits(op)))
    return found


def observations(board: Board, layers: Sequence[Measured]) -> list[Observation]:
    """Measured layers with their costs."""
    target = target_of(board_core(board))
    return [
        Observation(COSTS[one.op.name].count(one.model, one.op, target), one.cold, one.cycles, one.waits)
        for one in layers
    ]


def _first_choice(board: Board) -> Board:
    """The board with the first of its possible memory systems only."""
    if board.memory is None:
        return board
    first = {name: dataclasses.replace(one, values=one.values[:1]) for name, one in board.memory.parameters.items()}
    return dataclasses.replace(board, memory=dataclasses.replace(board.memory, parameters=first))


def _inputs(model: Model, number: int) -> list[NDArray[np.generic]]:
    rng = np.random.default_rng([SEED, number])
    return [_values(rng, model.tensors[index]) for index in model.inputs]


def _values(rng: np.random.Generator, tensor: Tensor) -> NDArray[np.generic]:
    """Normally distributed, where an integer type holds six standard deviations, as calibration has it."""
    if tensor.dtype == "float32":
        return rng.normal(size=tensor.shape).astype(np.float32)
    if tensor.dtype not in ("int8", "uint8", "int16", "int32"):
        return rng.integers(0, 2, tensor.shape).astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    middle, deviation = (limits.max + limits.min) / 2, (limits.max - limits.min) / 6
    values = rng.normal(middle, deviation, tensor.shape)
    return np.clip(np.rint(values), limits.min, limits.max).astype(tensor.dtype)


def fit(board: Board, observations: Sequence[Observation]) -> Formulas:
    """The formulas that layers give, with the errors of layers left out of a fit in turn."""
    kernels: dict[str, list[Observation]] = {}
    for one in observations:
        kernels.setdefault(one.cost.kernel, []).append(one)
    formulas = {
        kernel: _formula(board, kernels[kernel]) for kernel in sorted(kernels) if len(kernels[kernel]) >= FEWEST_LAYERS
    }
    core = board_core(board)
    return Formulas(
        schema=SCHEMA,
        board=board.id,
        kernels_sha256=board_kernels(board, core.isa, core.emulated_as, core.fpu).source_sha256,
        core_sha256=hardware_sha256("cores", board.core),
        board_sha256=hardware_sha256("boards", board.id),
        seed=SEED,
        layers=len(observations),
        median_percent=round(statistics.median(one.median_percent for one in formulas.values()), 2),
        worst_percent=max(one.worst_percent for one in formulas.values()),
        kernels=formulas,
    )


def _formula(board: Board, observations: Sequence[Observation]) -> Formula:
    errors = []
    for fold in range(FOLDS):
        kept = [one for number, one in enumerate(observations) if number % FOLDS != fold]
        errors += _errors(board, observations[fold::FOLDS], *_forms(board, kept))
    cycles, waits = _forms(board, observations)
    return Formula(
        cycles={name: round(value, 3) for name, value in cycles.items() if value},
        waits={name: round(value, 4) for name, value in waits.items() if value and not name.startswith(COLD)},
        cold_waits={name.removeprefix(COLD): round(value, 1) for name, value in waits.items() if name.startswith(COLD)},
        layers=len(observations),
        median_percent=round(100 * statistics.median(errors), 2),
        worst_percent=round(100 * max(errors), 1),
    )


def _forms(board: Board, observations: Sequence[Observation]) -> tuple[Counts, Counts]:
    """Cycles without waiting, then what is left of all cycles, as non-negative forms that are near in proportion."""
    total = np.array([one.cycles for one in observations], np.float64)
    pure = total - np.array([one.waits for one in observations])
    cycles = _solve([one.cost.counts for one in observations], pure, pure)
    if not any(one.waits for one in observations):
        return cycles, {}
    left = total - np.array([_value(cycles, one.cost.counts) for one in observations])
    return cycles, _solve([_waiting_counts(board, one) for one in observations], left, total)


def _waiting_counts(board: Board, one: Observation) -> Counts:
    counts = {**one.cost.counts, **missed_lines(one.cost.streams, data_cache(board))}
    cold = {f"{COLD}{name}": 1.0 for name, count in one.cost.counts.items() if count and one.cold}
    return counts | cold


def _solve(counts: Sequence[Mapping[str, float]], wanted: Matrix, scale: Matrix) -> Counts:
    names = sorted({name for one in counts for name in one})
    matrix = np.array([[one.get(name, 0.0) for name in names] for one in counts], np.float64)
    found = nonnegative_least_squares(matrix / scale[:, None], wanted / scale)
    return dict(zip(names, found.tolist(), strict=True))


def _value(form: Mapping[str, float], counts: Mapping[str, float]) -> float:
    return sum(form.get(name, 0.0) * count for name, count in counts.items())


def _errors(board: Board, observations: Sequence[Observation], cycles: Counts, waits: Counts) -> list[float]:
    """Of layers whose counts the values decide too, as those of random values are likely to be."""
    return [
        abs((_value(cycles, one.cost.counts) + _value(waits, _waiting_counts(board, one))) / one.cycles - 1)
        for one in observations
    ]


def predicted(board: Board, formula: Formula, one: Observation) -> float:
    """The cycles that a formula has for a layer in the state in which it was measured."""
    counts = _waiting_counts(board, one)
    cold = _value({f"{COLD}{name}": waits for name, waits in formula.cold_waits.items()}, counts)
    return _value(formula.cycles, one.cost.counts) + _value(formula.waits, counts) + cold


def fit_board(name: str) -> Formulas:
    """Emulate the full sweep on a board and fit it."""
    board = load_board(name)
    return fit(board, observations(board, measure(board, list(sample_models(board)))))


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit the boards that are named, or all that are simulated, and write their files into the package."""
    parser = argparse.ArgumentParser(prog="python -m mcusim.fit", description=main.__doc__)
    parser.add_argument("boards", nargs="*", metavar="BOARD")
    boards = parser.parse_args(arguments).boards or [
        name for name in board_names() if board_core(load_board(name)).not_simulated is None
    ]
    with ProcessPoolExecutor(usable_processes()) as pool:
        for formulas in pool.map(fit_board, boards):
            documents.write_text(formulas_path(formulas.board), to_json(formulas))
            print(
                f"{formulas.board}: {len(formulas.kernels)} kernels, {formulas.layers} layers, median "
                f"{formulas.median_percent:.2f} %, worst {formulas.worst_percent:.1f} %",
                file=sys.stderr,
            )


if __name__ == "__main__":
    main()
