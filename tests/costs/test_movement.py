"""Operators that move elements: every byte of their results is written once, whatever way it takes."""

import numpy as np
import pytest

from mcusim.cost import Target
from mcusim.costs import COSTS
from mcusim.sketch import Sketch

DSP, PLAIN = Target(True, True), Target(False, False)
BY_RUNS = (
    "BATCH_TO_SPACE_ND",
    "CONCATENATION",
    "DEPTH_TO_SPACE",
    "GATHER",
    "PACK",
    "PAD",
    "PADV2",
    "RESIZE_NEAREST_NEIGHBOR",
    "SLICE",
    "SPACE_TO_BATCH_ND",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SPLIT_V",
    "STRIDED_SLICE",
    "UNPACK",
    "ZEROS_LIKE",
)
BY_ELEMENTS = {"BROADCAST_TO": ("apart", "neighbours", "neighbour_elements")}
BY_ELEMENTS |= {"CAST": ("cast_elements",), "MIRROR_PAD": ("elements",)}
BY_ELEMENTS |= {"FILL": ("filled_elements",)}
SIDES = ("inside", *(f"{side}_{axis}" for side in ("before", "after") for axis in range(5)))


def counted(name, target, samples=40):
    """Layers of an operator with their costs."""
    sketch, rng = Sketch(), np.random.default_rng(4)
    for _ in range(samples):
        COSTS[name].draw(sketch, rng)
    model = sketch.model()
    return [(model, op, COSTS[name].count(model, op, target)) for op in model.ops]


def bytes_written(counts, target):
    """By memcpy and memset."""
    found = 0.0
    for name in ("copied", "filled"):
        of = {key.removeprefix(f"{name}_"): count for key, count in counts.items() if key.startswith(f"{name}_")}
        if target is DSP:
            found += 16 * of.get("16", 0) + 4 * of.get("words", 0) + of.get("rest", 0)
        else:
            found += 16 * (of.get("16", 0) + of.get("paired_16", 0)) + of.get("bytes", 0)
            found += 4 * (of.get("short_words", 0) + of.get("rest_words", 0)) + of.get("short_rest", 0)
            found += of.get("lead", 0) + 4 * of.get("words", 0) * (name == "copied")
    return found


@pytest.mark.parametrize("name", BY_RUNS)
@pytest.mark.parametrize("target", [DSP, PLAIN])
def test_bytes_by_runs(name, target):
    for model, op, cost in counted(name, target):
        if not cost.kernel.startswith("mcusim_pad"):
            expected = sum(model.tensors[index].bytes for index in op.outputs)
            assert bytes_written(cost.counts, target) == pytest.approx(expected), (cost, op)


@pytest.mark.parametrize("name", BY_ELEMENTS)
def test_elements_one_by_one(name):
    for model, op, cost in counted(name, DSP):
        elements = sum(cost.counts.get(count, 0) for count in BY_ELEMENTS[name])
        assert elements == model.tensors[op.outputs[0]].elements, (cost, op)


def test_padded_elements_are_outside_of_one_axis():
    layers = [one for one in counted("PAD", DSP, 80) if one[2].kernel.startswith("mcusim_pad")]
    assert {cost.kernel for _, _, cost in layers} == {"mcusim_pad of 2 bytes", "mcusim_pad of 4 bytes"}
    for model, op, cost in layers:
        assert sum(cost.counts.get(side, 0) for side in SIDES) == model.tensors[op.outputs[0]].elements
        assert cost.counts["inside"] == model.tensors[op.inputs[0]].elements


def test_addresses_are_those_of_the_tensors():
    """Rows of 5 bytes from the third byte on: three of four begin at no multiple of 4, two of them at odd ones."""
    sketch = Sketch()
    source = sketch.activation((4, 13))
    bounds = [sketch.constant(np.array(one, np.int32)) for one in ((0, 3), (4, 5))]
    sketch.op("SLICE", (source, *bounds), (sketch.activation((4, 5)),))
    model = sketch.model()
    cost = COSTS["SLICE"].count(model, model.ops[0], DSP)
    offsets = [3 + 13 * row for row in range(4)]
    assert cost.counts["copied_extra_accesses"] == sum((0, 2, 1, 2)[offset % 4] for offset in offsets)


@pytest.mark.parametrize(("permutation", "kernel"), [((1, 0, 2), "of neighbours"), ((2, 1, 0), "arm_transpose_s8")])
def test_a_transpose_knows_neighbours(permutation, kernel):
    sketch = Sketch()
    shape = (2, 3, 4)
    inputs = sketch.activation(shape), sketch.constant(np.array(permutation, np.int32))
    sketch.op("TRANSPOSE", inputs, (sketch.activation([shape[axis] for axis in permutation]),))
    model = sketch.model()
    cost = COSTS["TRANSPOSE"].count(model, model.ops[0], DSP)
    assert cost.kernel.endswith(kernel)
    assert {name: cost.counts[name] for name in ("elements", "rows", "planes")} == {
        "elements": 24,
        "rows": 6,
        "planes": 2,
    }
