"""Model estimates a second: of models seen before, and of new ones in a design-space loop.

Run it from the project's folder, with mcusim installed: python benchmarks/estimates.py. A loop over designs makes new
models whose layers mostly have shapes that came before; layers of entirely new shapes are timed apart.
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
        start = time.perf_counter()
        for model in models:
            mcusim.estimate(model, board)
        best = min(best, time.perf_counter() - start)
    return len(models) / best


def main() -> None:
    board = mcusim.load_board("nano33ble")
    for path in sorted(Path("models").glob("*.tflite")):
        model = mcusim.load(path)
        rate = per_second(copies(model, 300), board)
        print(f"{model.name:24} {len(model.ops):3} layers  {rate:10,.0f} estimates/s   limit {LIMIT:,}")
    formulas = stored_formulas(board.id)
    assert formulas is not None
    start = time.perf_counter()
    for _ in range(20):
        Estimator(board, formulas).estimate(model)
    print(f"layers of new shapes     {(time.perf_counter() - start) / 20 / len(model.ops) * 1e6:8.0f} µs a layer")


if __name__ == "__main__":
    main()
