"""Random layers, emulated once for all boards of a core → cost formulas of each (python -m mcusim.fit [BOARD ...])."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import documents
from mcusim.code_lines import Laid, code_cache, empty, execute, laid, passage
from mcusim.cost import Cost, Counts
from mcusim.costs import COSTS
from mcusim.footprints import Executed, Footprint, footprint
from mcusim.formulas import (
    SCHEMA,
    Formula,
    Formulas,
    KernelCode,
    code_path,
    code_to_json,
    core_image,
    core_kernels,
    formulas_path,
    hardware_sha256,
    to_json,
)
from mcusim.hardware import Board, board_core, board_names, load_board
from mcusim.nonnegative import nonnegative_least_squares
from mcusim.residency import layer_bytes
from mcusim.sampling import SEED, Sampled, groups, sample, sample_models, target_of
from mcusim.streams import ARENA_LINES, CONSTANT_LINES, data_cache, edge_lines, missed_lines, reads_constants
from mcusim.sweep import usable_processes

FOLDS = 5
FEWEST_LAYERS = 8  # that a formula is fitted to
MOST_WARMED = 0.5  # of a data cache that a layer takes which is taken to be all there once it has run
LEAST_SHARE = 1e-4  # of a layer's cycles that a count has to make somewhere to stay in a formula

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observation:
    """A layer as one board takes it: its cost, all cycles, and those of them that waited for memory.

    `pieces` and `rows` are what it missed of its code, as `code_lines.execute` has it. `cold_bytes` of its activations
    were not in a cache; `edge_lines` are what constants take beyond the lines that their bytes would fill; `warmed`: it
    had just run, so that neither its code nor its constants were missing.
    """

    cost: Cost
    cycles: int
    waits: int
    pieces: int = 0
    rows: int = 0
    cold_bytes: int = 0
    edge_lines: float = 0.0
    warmed: bool = False


@dataclass(frozen=True, slots=True)
class _Missed:
    """Cycles for each piece of code that is not in a cache, and for each row of such pieces."""

    piece_cycles: float
    row_cycles: float

    def waits(self, one: Observation) -> float:
        """What a layer waits for code that it brings into a cache."""
        return self.piece_cycles * one.pieces + self.row_cycles * one.rows


def footprints(layers: Sequence[Sampled], costs: Sequence[Cost]) -> dict[str, Footprint]:
    """What each kernel executes, by its name."""
    kernels: dict[str, list[Executed]] = {}
    for one, cost in zip(layers, costs, strict=True):
        kernels.setdefault(cost.kernel, []).append(Executed(cost.counts, one.visits, one.literals))
    return {kernel: footprint(kernels[kernel]) for kernel in sorted(kernels)}


def observations(
    board: Board, number: int, layers: Sequence[Sampled], costs: Sequence[Cost], code: Mapping[str, Footprint]
) -> list[Observation]:
    """Layers as one board takes them, the one of that number among those with which they were emulated."""
    cache = code_cache(board)
    held = empty(cache) if cache else None
    lines: dict[tuple[str, int], Laid] = {}
    found = []
    for one, cost in zip(layers, costs, strict=True):
        pieces = rows = 0
        if cache is not None and held is not None:
            before = empty(cache) if one.emptied else held
            where = cost.kernel, one.code_offset % cache.line_bytes
            if where not in lines:
                lines[where] = laid(cache, code[cost.kernel], where[1])
            brought = passage(cache, lines[where], cost.counts, _places(one))
            pieces, rows, held = execute(cache, before, brought)
            if one.warmed:
                pieces, rows, held = execute(cache, held, brought)
        data = _missing_data(board, one, cost)
        if data is not None:
            waits = one.waits[number]
            found.append(Observation(cost, one.cycles + waits, waits, pieces, rows, *data))
    return found


def _missing_data(board: Board, one: Sampled, cost: Cost) -> tuple[int, float, bool] | None:
    """Bytes of activations that are not in a data cache, edges of constants, and whether all is there.

    That is so of a layer that has just run, if all of it fits; None where it is not known what remained.
    """
    cache = data_cache(board)
    activations, every = layer_bytes(one.model, one.op)
    if cache is None or code_cache(board) is None:
        return activations, 0.0, False
    if one.warmed:
        fits = every - (0 if cache.of_arena else activations) <= MOST_WARMED * cache.bytes
        return (0, 0.0, True) if fits else None
    if not reads_constants(cost.streams):
        return activations, 0.0, False
    return activations, edge_lines([(at + one.code_offset, size) for at, size in _places(one)], cache.line_bytes), False


def _places(one: Sampled) -> list[tuple[int, int]]:
    """Where a layer's constants lie, seen from the code behind the model's file, and their bytes."""
    tensors = [one.model.tensors[index] for index in one.op.inputs if index >= 0]
    return [
        (tensor.file_offset - one.code_offset, tensor.bytes) for tensor in tensors if tensor.file_offset is not None
    ]


def fit(board: Board, observations: Sequence[Observation]) -> Formulas:
    """The formulas that layers give, with the errors of layers left out of a fit in turn."""
    kernels: dict[str, list[Observation]] = {}
    for one in observations:
        kernels.setdefault(one.cost.kernel, []).append(one)
    fitted = {name: kernels[name] for name in sorted(kernels) if _not_warmed(kernels[name]) >= FEWEST_LAYERS}
    missed = _missed(board, list(fitted.values()))
    formulas = {kernel: _formula(board, fitted[kernel], missed) for kernel in fitted}
    core = board_core(board)
    return Formulas(
        schema=SCHEMA,
        board=board.id,
        kernels_sha256=core_kernels(core).source_sha256,
        core_sha256=hardware_sha256("cores", board.core),
        board_sha256=hardware_sha256("boards", board.id),
        seed=SEED,
        layers=len(observations),
        median_percent=round(statistics.median(one.median_percent for one in formulas.values()), 2),
        worst_percent=max(one.worst_percent for one in formulas.values()),
        piece_cycles=missed.piece_cycles,
        row_cycles=missed.row_cycles,
        kernels=formulas,
    )


def _not_warmed(observations: Sequence[Observation]) -> int:
    return sum(not one.warmed for one in observations)


def _missed(board: Board, kernels: Iterable[Sequence[Observation]]) -> _Missed:
    """What missing code costs on a board: common to all kernels, while each has waits of its own that go with counts.

    Both are fitted at once: least squares over what the counts leave of waits, pieces and rows (the theorem of
    Frisch, Waugh and Lovell).
    """
    wanted, given = [], []
    for layers in kernels:
        total = np.array([one.cycles for one in layers], np.float64)
        matrix = _matrix([_waiting_counts(board, one) for one in layers])[1] / total[:, None]
        columns = np.array([(one.waits, one.pieces, one.rows) for one in layers], np.float64) / total[:, None]
        left = columns - matrix @ np.linalg.lstsq(matrix, columns, rcond=None)[0]
        wanted.append(left[:, 0])
        given.append(left[:, 1:])
    if not wanted:
        return _Missed(0.0, 0.0)
    found = nonnegative_least_squares(np.concatenate(given), np.concatenate(wanted))
    return _Missed(*(round(value, 2) for value in found.tolist()))


def _formula(board: Board, observations: Sequence[Observation], missed: _Missed) -> Formula:
    # Also of layers whose counts the values decide: those of random values are likely ones.
    errors = []
    for fold in range(FOLDS):
        kept = [one for number, one in enumerate(observations) if number % FOLDS != fold]
        cycles, waits = _forms(board, kept, missed)
        errors += [
            abs((_value(cycles, one.cost.counts) + _waiting(board, waits, one, missed)) / one.cycles - 1)
            for one in observations[fold::FOLDS]
            if not one.warmed
        ]
    cycles, waits = _forms(board, observations, missed)
    return Formula(
        cycles={name: round(value, 3) for name, value in cycles.items() if round(value, 3)},
        waits={name: round(value, 4) for name, value in waits.items() if round(value, 4)},
        layers=len(observations),
        median_percent=round(100 * statistics.median(errors), 2),
        worst_percent=round(100 * max(errors), 1),
    )


def _forms(board: Board, observations: Sequence[Observation], missed: _Missed) -> tuple[Counts, Counts]:
    """Cycles without waiting, then what is left of all cycles, as non-negative forms that are near in proportion.

    A layer that has just run finds its branches predicted: only its waits count.
    """
    cold = [one for one in observations if not one.warmed]
    pure = np.array([one.cycles - one.waits for one in cold], np.float64)
    cycles = _solve([one.cost.counts for one in cold], pure, pure)
    if not any(one.waits for one in observations):
        return cycles, {}
    left = [
        (one.waits if one.warmed else one.cycles - _value(cycles, one.cost.counts)) - missed.waits(one)
        for one in observations
    ]
    total = np.array([one.cycles for one in observations], np.float64)
    return cycles, _solve([_waiting_counts(board, one) for one in observations], np.array(left), total)


def _waiting_counts(board: Board, one: Observation) -> Counts:
    cache = data_cache(board)
    counts = {**one.cost.counts, **missed_lines(one.cost.streams, cache, one.warmed)}
    if one.edge_lines:
        counts[CONSTANT_LINES] = counts.get(CONSTANT_LINES, 0.0) + one.edge_lines
    if cache is not None and cache.of_arena:
        counts[ARENA_LINES] = counts.get(ARENA_LINES, 0.0) + one.cold_bytes / cache.line_bytes
    return counts


def _waiting(board: Board, waits: Mapping[str, float], one: Observation, missed: _Missed) -> float:
    return _value(waits, _waiting_counts(board, one)) + missed.waits(one)


def _matrix(counts: Sequence[Mapping[str, float]]) -> tuple[list[str], Matrix]:
    names = sorted({name for one in counts for name in one})
    return names, np.array([[one.get(name, 0.0) for name in names] for one in counts], np.float64)


def _solve(counts: Sequence[Mapping[str, float]], wanted: Matrix, scale: Matrix) -> Counts:
    names, matrix = _matrix(counts)
    scaled = matrix / scale[:, None]
    found = nonnegative_least_squares(scaled, wanted / scale)
    found[found * scaled.max(axis=0) < LEAST_SHARE] = 0
    return dict(zip(names, found.tolist(), strict=True))


def _value(form: Mapping[str, float], counts: Mapping[str, float]) -> float:
    return sum(form.get(name, 0.0) * count for name, count in counts.items())


def predicted(board: Board, formulas: Formulas, one: Observation) -> float:
    """The cycles that stored formulas have for a layer with what it missed of its code."""
    formula = formulas.kernels[one.cost.kernel]
    missed = _Missed(formulas.piece_cycles, formulas.row_cycles)
    return _value(formula.cycles, one.cost.counts) + _waiting(board, formula.waits, one, missed)


def fit_boards(names: Sequence[str], share: float = 1.0) -> tuple[list[Formulas], str, KernelCode]:
    """Emulate the layers once for boards whose cores take the same cycles, and fit each; `share` of all layers.

    Also gives the name of the image of the kernels, and what they execute of it.
    """
    boards = [load_board(name) for name in names]
    core = board_core(boards[0])
    layers = sample(boards, list(sample_models(share)))
    costs = [COSTS[one.op.name].count(one.model, one.op, target_of(core)) for one in layers]
    code = footprints(layers, costs)
    fitted = [fit(board, observations(board, number, layers, costs, code)) for number, board in enumerate(boards)]
    return fitted, core_image(core), KernelCode(core_kernels(core).elf_sha256, code)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit the boards that are named, or all that are simulated, and write their files into the package."""
    parser = argparse.ArgumentParser(prog="python -m mcusim.fit", description=main.__doc__)
    parser.add_argument("boards", nargs="*", metavar="BOARD")
    names = parser.parse_args(arguments).boards or [
        name for name in board_names() if board_core(load_board(name)).not_simulated is None
    ]
    alike = [[board.id for board in group] for group in groups([load_board(name) for name in names])]
    with ProcessPoolExecutor(usable_processes()) as pool:
        for fitted, image, code in pool.map(fit_boards, sorted(alike, key=len, reverse=True)):
            documents.write_text(code_path(image), code_to_json(image, code))
            for formulas in fitted:
                documents.write_text(formulas_path(formulas.board), to_json(formulas))
                print(
                    f"{formulas.board}: {len(formulas.kernels)} kernels, {formulas.layers} layers, median "
                    f"{formulas.median_percent:.2f} %, worst {formulas.worst_percent:.1f} %",
                    file=sys.stderr,
                )


if __name__ == "__main__":
    main()
