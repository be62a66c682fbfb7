"""Counts of layers by their C calls."""

import numpy as np
import pytest

from mcusim.call_costs import by_calls, members, whole
from mcusim.cost import CALL, Target
from mcusim.costs import COSTS
from mcusim.errors import UnsupportedError
from mcusim.sketch import Sketch

TARGET = Target(True, True)


def test_every_call_counts():
    sketch = Sketch()
    source = sketch.activation((2, 3))
    sketch.op("UNPACK", (source,), [sketch.activation((3,)) for _ in range(2)], num=2, axis=0)
    model = sketch.model()
    seen = []

    def blocks(arguments, target):
        seen.append(whole(arguments[2]))
        return " of a test", {"bytes": whole(arguments[2])}, {"bytes": (0.0, 4.0)}

    cost = by_calls({"mcusim_copy_blocks": blocks})(model, model.ops[0], TARGET)
    assert seen == [3, 3] and cost.counts == {CALL: 2, "bytes": 6}
    assert cost.kernel == "mcusim_copy_blocks of a test" and cost.spread == {"bytes": (0.0, 8.0)}
    assert [(one.bytes, one.constant) for one in cost.streams] == [(6, False)]


def test_what_mcusim_refuses_is_not_counted():
    sketch = Sketch()
    source = sketch.activation((4,), dtype="float32")
    sketch.op("ABS", (source,), (sketch.activation((4,), dtype="float32"),))
    model = sketch.model()
    with pytest.raises(UnsupportedError, match=r"layer 0 \(ABS\): float32"):
        COSTS["ABS"].count(model, model.ops[0], TARGET)


def test_a_layer_without_a_call_costs_nothing():
    sketch = Sketch()
    COSTS["READ_VARIABLE"].draw(sketch, np.random.default_rng(1))
    model = sketch.model()
    assert model.ops[0].name == "VAR_HANDLE"
    cost = COSTS["VAR_HANDLE"].count(model, model.ops[0], TARGET)
    assert cost.kernel == "" and not cost.counts


def test_arguments_are_of_their_kind():
    with pytest.raises(AssertionError):
        whole(None)
    with pytest.raises(AssertionError):
        members(3)
