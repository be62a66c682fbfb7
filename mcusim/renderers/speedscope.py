"""Run → its cycles as a flame graph of speedscope.app, the layers in the order in which they run."""

from __future__ import annotations

from mcusim import flame_graphs
from mcusim.cycle_tree import layer_spans, stacks
from mcusim.record import Run
from mcusim.renderers.words import brief_error


def render(run: Run) -> str:
    """A sampled profile with the chains model, layer, kernel, function, loop: its weights sum to the run's cycles.

    Within a layer the order is by cycles, not by time. Raises UnsupportedError where the cycles are not known.
    """
    chains = list(stacks(layer_spans(run, "a flame graph"), run.model.name))
    error = brief_error(run.totals)
    return flame_graphs.speedscope(run.model.name, f"cycles on {run.board.name} (error: {error})", chains)
