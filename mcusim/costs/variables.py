"""Operators of resource variables: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import numpy as np

from mcusim.call_costs import by_calls
from mcusim.cost import Costing
from mcusim.costs.movement import FUNCTIONS
from mcusim.sketch import Sketch


def _draw(sketch: Sketch, rng: np.random.Generator) -> None:
    """A variable that is written and read; another name for each."""
    shape = (1, int(rng.integers(16, 200)))
    name = f"variable {len(sketch.ops)}"
    handle = sketch.activation((1,), dtype="resource")
    sketch.op("VAR_HANDLE", (), (handle,), container="", shared_name=name)
    sketch.op("ASSIGN_VARIABLE", (handle, sketch.activation(shape)), ())
    sketch.op("READ_VARIABLE", (handle,), (sketch.activation(shape),))


_COUNT = by_calls(FUNCTIONS)

ASSIGN_VARIABLE = Costing(_COUNT, _draw, 2)
CALL_ONCE = Costing(_COUNT, _draw, 0)
READ_VARIABLE = Costing(_COUNT, _draw, 2)
VAR_HANDLE = Costing(_COUNT, _draw, 0)
