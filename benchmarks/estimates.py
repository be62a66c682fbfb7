"""Model estimates a second: of models seen before, and of new ones in a design-space loop.

Run it from the project's folder, with mcusim installed: python benchmarks/estimates.py. A loop over designs makes new
models whose layers mostly have shapes that came before; layers of entirely new shapes are timed apart. All times are
of the processor, so that other programs on the machine do not count.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import mcusim
from mcusim.estimate import Estimator
from mcusim.formulas import stored_formulas
from mcusim.model import Model

LIMIT = 10_000
REPEATS = 5


def copies(model: Model, count: int) -> list[Model]:
    """Other objects all the way down to operators and tensors: nothing can be looked up by identity."""
    found = []
    for _ in range(count):
        graph = model.subgraphs[0]
        tensors = tuple(dataclasses.replace(tensor) for tensor in graph.tensors)
        ops = tuple(dataclasses.replace(op, options=dict(op.options)) for op in graph.ops)
        found.append(dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors, ops=ops),)))
    return found


def per_second(models: Sequence[Model], board: object) -> float:
    """The best of some rounds, as others may use the machine."""
    best = float("inf")
    for _ in range(REPEATS):
        fresh = [dataclasses.replace(model) for model in models]
        start = time.process_time()
        for model in fresh:
            mcusim.estimate(model, board)
        best = min(best, time.process_time() - start)
    return len(models) / best


def main() -> None:
    board = mcusim.load_board("nano33ble")
    for path in sorted(Path("models").glob("*.tflite")):
        model = mcusim.load(path)
        new, start = per_second(copies(model, 300), board), time.process_time()
        for _ in range(LIMIT):
            mcusim.estimate(model, board)
        again = LIMIT / (time.process_time() - start)
        rates = f"new objects {new:9,.0f}/s   again {again:10,.0f}/s"
        print(f"{model.name:24} {len(model.ops):3} layers   {rates}   limit {LIMIT:,}/s")
    formulas = stored_formulas(board.id)
    assert formulas is not None
    estimators = [Estimator(board, formulas) for _ in range(20)]
    start = time.process_time()
    for estimator in estimators:
        estimator.estimate(model)
    spent = (time.process_time() - start) / len(estimators) / len(model.ops)
    print(f"layers of new shapes     {spent * 1e6:8.0f} µs a layer")


if __name__ == "__main__":
    main()
