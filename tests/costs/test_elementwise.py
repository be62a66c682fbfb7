"""Operators that work element by element: each element is counted once, by the way that it takes."""

import numpy as np
import pytest

from mcusim.cost import Target
from mcusim.costs import COSTS
from mcusim.sketch import Sketch

DSP = Target(True, True)
ONE_OPERAND = ("ABS", "DEQUANTIZE", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGICAL_NOT", "QUANTIZE", "RELU", "RELU6")
TWO_OPERANDS = ("ADD", "DIV", "EQUAL", "LESS", "LOGICAL_AND", "MAXIMUM", "MUL", "PRELU", "SQUARED_DIFFERENCE", "SUB")
WAYS = ("elements", "rescaled", "shifted_right", "above", "below", "inside")


def counted(name):
    sketch, rng = Sketch(), np.random.default_rng(4)
    for _ in range(60):
        COSTS[name].draw(sketch, rng)
    model = sketch.model()
    return [(model.tensors[op.outputs[0]], COSTS[name].count(model, op, DSP).counts) for op in model.ops]


@pytest.mark.parametrize("name", ONE_OPERAND)
def test_every_element_takes_one_way(name):
    for output, counts in counted(name):
        ways = WAYS if any(way in counts for way in WAYS) else ("positive", "negative")
        assert sum(counts.get(way, 0) for way in ways) == pytest.approx(output.elements), counts


@pytest.mark.parametrize("name", TWO_OPERANDS)
def test_every_pair_of_elements(name):
    for output, counts in counted(name):
        found = counts.get("elements", 2 * counts.get("pairs", 0) + counts.get("odd", 0))
        assert found == output.elements, counts
        for number in (1, 2):
            signs = counts.get(f"positive_{number}", 0) + counts.get(f"negative_{number}", 0)
            assert signs in (0, pytest.approx(output.elements))
        if "pixels" in counts:
            n, h, w, _ = output.shape
            assert (counts["rows"], counts["pixels"]) == (n * h, n * h * w)


@pytest.mark.parametrize(("scale", "way"), [(0.04, "elements"), (0.3, "shifted_right")])
def test_a_scale_decides_how_results_are_rounded(scale, way):
    sketch = Sketch()
    sketch.op("RELU", (sketch.activation((1, 10), 0.1),), (sketch.activation((1, 10), scale),))
    model = sketch.model()
    assert COSTS["RELU"].count(model, model.ops[0], DSP).counts == {"calls": 1, way: 10}


@pytest.mark.parametrize("name", ["LOGISTIC", "TANH"])
def test_a_coarse_scale_leaves_few_exponentials(name):
    found = []
    for scale in (0.02, 0.4):
        sketch = Sketch()
        output = (1 / 256, -128) if name == "LOGISTIC" else (1 / 128, 0)
        sketch.op(name, (sketch.activation((1, 100), scale),), (sketch.activation((1, 100), *output),))
        model = sketch.model()
        found.append(COSTS[name].count(model, model.ops[0], DSP))
    exponentials = [cost.counts["positive"] + cost.counts["negative"] for cost in found]
    # A value of exactly 0 has none; TensorFlow Lite's radius is 30 steps of 0.4, of which 42.5 are a deviation.
    assert exponentials[0] == pytest.approx(99, abs=1) and exponentials[1] == pytest.approx(51.2 - 0.9, abs=0.2)
    assert not found[0].spread and found[1].spread["positive"][0] == 0
