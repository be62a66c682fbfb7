"""Run → node data for Model Explorer: the cycles of each operator, to colour the graph of the .tflite file with."""

from __future__ import annotations

import json

from mcusim import tables
from mcusim.errors import UnsupportedError
from mcusim.record import Layer, Run
from mcusim.renderers.words import brief_error

# From the layer of fewest cycles to that of most; dark text stays readable on each.
GRADIENT = ((0.0, "#ffffff"), (0.25, "#fde8c8"), (1.0, "#f4795b"))


def render(run: Run) -> str:
    """A document to drop on the graph: values by node, which Model Explorer numbers as the model file its operators.

    Beside `value`, which it shows and colours by, a node has the share and the causes for other readers. A layer of
    unknown cycles has none; UnsupportedError where that is so of all.
    """
    known = [layer for layer in run.layers if layer.cycles is not None]
    if not known:
        raise UnsupportedError(
            f"{run.model.name} on {run.board.name}: node data needs cycles, which are not known: "
            f"{run.totals.cycles_reason or 'none were simulated'}"
        )
    error = brief_error(run.totals)
    estimated = "estimated " if run.totals.instructions is None else ""
    document = {
        "name": tables.safe(f"{estimated}cycles on {run.board.name} (error: {error})"),
        "results": {str(layer.index): _node(layer, run) for layer in known},
        "gradient": [{"stop": stop, "bgColor": colour, "textColor": "#202124"} for stop, colour in GRADIENT],
    }
    return json.dumps(document, ensure_ascii=True, indent=2) + "\n"


def _node(layer: Layer, run: Run) -> dict[str, object]:
    share = None if run.totals.cycles is None else round(100 * (layer.cycles or 0) / max(run.totals.cycles, 1), 3)
    return {
        "value": layer.cycles,
        "share_percent": share,
        "cycles_by_cause": None if layer.cycles_by_cause is None else dict(layer.cycles_by_cause),
        "kernel": layer.kernel,
    }
