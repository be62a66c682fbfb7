"""Run → collapsed stacks of its cycles, as flame graphs are drawn from."""

from __future__ import annotations

from mcusim import flame_graphs
from mcusim.cycle_tree import layer_spans, stacks
from mcusim.record import Run


def render(run: Run) -> str:
    """A line a chain with cycles, `model;layer;kernel;function;loop cycles`: they sum to the run's cycles.

    Raises UnsupportedError where the cycles are not known.
    """
    return flame_graphs.collapsed(list(stacks(layer_spans(run, "a flame graph"), run.model.name)))
