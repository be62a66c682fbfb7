"""Layers of two runs: what became of each, and why its cycles changed."""

import dataclasses

import pytest
from run_variants import slower, with_layers, with_longer_loop, with_slower_layer

from mcusim.layer_changes import layer_changes


def renamed(layer, name):
    return dataclasses.replace(layer, name=name)


def states(before, after):
    found = layer_changes(before, after)
    return {(one.after or one.before).name: one.state for one in found if one.state != "unchanged"}


def test_unchanged(example_run):
    found = layer_changes(example_run, example_run)
    assert {(one.state, one.change, one.differs, one.why) for one in found} == {("unchanged", 0, (), "")}


def test_a_slower_layer_by_function_and_cause(example_run):
    change = layer_changes(example_run, with_slower_layer(example_run, 3, 900, cause="fetch"))[3]
    assert (change.state, change.change, change.differs) == ("changed", 900, ("cycles",))
    assert [(one.name, one.change) for one in change.causes] == [("fetch", 900)]
    assert [(one.name, one.change) for one in change.functions] == [("arm_depthwise_conv_inner_s8", 900)]
    assert change.why == "arm_depthwise_conv_inner_s8 +900; as many instructions as before; fetch +900"


def test_a_longer_loop_is_what_explains(example_run):
    change = layer_changes(example_run, with_longer_loop(example_run, 3))[3]
    iterations = example_run.layers[3].loops[0].iterations
    assert change.why == (
        f"the loop at +0x78 of arm_depthwise_conv_inner_s8: {iterations:,} iterations as before, 7 → 8 cycles each "
        f"(+ mov r8, r8); issue +{iterations:,}"
    )


def test_added_and_removed(example_run):
    layers = example_run.layers
    without = with_layers(example_run, [*layers[:4], *layers[5:]])
    removed = layer_changes(example_run, without)[4]
    assert (removed.state, removed.change) == ("removed", -layers[4].cycles)
    assert removed.after is None and sum(one.change for one in removed.causes) == -layers[4].cycles
    assert states(example_run, without) == {layers[4].name: "removed"}
    added = layer_changes(without, example_run)[4]
    assert (added.state, added.change, added.why) == ("added", layers[4].cycles, "a new layer")


def test_moved(example_run):
    layers = list(example_run.layers)
    layers.insert(1, layers.pop(9))  # the pooling
    found = layer_changes(example_run, with_layers(example_run, layers))
    assert [(one.state, one.why) for one in found if one.state != "unchanged"] == [("moved", "stood at 9, stands at 1")]
    assert sum(one.change for one in found) == 0


def test_a_changed_shape_and_kernel(example_run):
    layer = example_run.layers[1]
    half = dataclasses.replace(
        slower(layer, -100_000), shape=(1, 25, 5, 32), macs=36_000, variant="arm_depthwise_conv_s8_opt"
    )
    after = with_layers(example_run, [half if one.index == 1 else one for one in example_run.layers])
    change = layer_changes(example_run, after)[1]
    assert change.differs == ("shape", "MACs", "kernel", "cycles")
    assert change.why.startswith(
        "arm_depthwise_conv_s8 → arm_depthwise_conv_s8_opt; output 1×25×5×64 → 1×25×5×32; 72,000 → 36,000 MACs; "
    )


def activation(run, name):
    """A layer of its own for an activation, of the shape of the first layer."""
    first = run.layers[0]
    return dataclasses.replace(first, op="RELU", name=name, kernel="mcusim_relu_s8", macs=0)


def test_an_activation_that_is_fused(example_run):
    """The convolution then has the output of the activation, and its name."""
    first, *rest = example_run.layers
    apart = with_layers(example_run, [renamed(first, "conv/BiasAdd"), activation(example_run, "conv/Relu"), *rest])
    fused = with_layers(example_run, [renamed(first, "conv/Relu"), *rest])
    found = layer_changes(apart, fused)
    assert [(one.state, one.partner, one.why) for one in found if one.after is None] == [
        ("fused", 0, "now part of layer 0")
    ]
    split = [one for one in layer_changes(fused, apart) if one.before is None]
    assert [(one.state, one.partner, one.why) for one in split] == [("split", 0, "was part of layer 0")]


def test_only_another_name(example_run):
    after = with_layers(example_run, [renamed(one, f"new/{one.index}") for one in example_run.layers])
    found = layer_changes(example_run, after)
    assert {one.state for one in found} == {"changed"}
    assert found[2].differs == ("name",) and found[2].why == f"was {example_run.layers[2].name}"


@pytest.mark.parametrize("swap", [False, True])
def test_every_layer_occurs_once(example_run, swap):
    layers = example_run.layers
    before, after = example_run, with_layers(example_run, [*layers[6:], *layers[:3]])
    if swap:
        before, after = after, before
    found = layer_changes(before, after)
    assert sorted(one.before.index for one in found if one.before) == list(range(len(before.layers)))
    assert [one.after.index for one in found if one.after] == list(range(len(after.layers)))
