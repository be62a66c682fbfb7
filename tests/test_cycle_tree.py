"""The tree of a run's cycles conserves them."""

import dataclasses

import pytest

from mcusim.cycle_tree import layer_spans, stacks
from mcusim.errors import UnsupportedError


def within(span):
    """A span and all that is in it."""
    yield span
    for part in span.parts:
        yield from within(part)


def test_every_cycle_is_in_one_place(example_run):
    spans = layer_spans(example_run, "a test")
    assert [span.cycles for span in spans] == [layer.cycles for layer in example_run.layers]
    for span in spans:
        assert all(one.own_cycles >= 0 for one in within(span))
        assert sum(one.own_cycles for one in within(span)) == span.cycles
    assert sum(cycles for _, cycles in stacks(spans, "m")) == example_run.totals.cycles


def test_a_layer_has_its_kernel_functions_and_loops(example_run):
    first = layer_spans(example_run, "a test")[0]
    found = {one.name: (one.kind, one.cycles) for one in within(first)}
    inner, outer = example_run.layers[0].loops
    assert found == {
        "0 CONV_2D": ("layer", 512_345),
        "arm_convolve_wrapper_s8": ("kernel", 512_345),
        "arm_convolve_inner_s8": ("function", 461_110),
        "loop at arm_convolve_inner_s8+0x40": ("loop", inner.cycles),
        "loop at arm_convolve_inner_s8+0x30": ("loop", outer.cycles),
    }


def test_loops_take_no_more_than_their_function(example_run):
    layer = example_run.layers[0]
    [much] = layer.loops[:1]
    swollen = dataclasses.replace(layer, loops=(dataclasses.replace(much, cycles=10**9), much))
    span = layer_spans(dataclasses.replace(example_run, layers=(swollen, *example_run.layers[1:])), "a test")[0]
    assert sum(one.own_cycles for one in within(span)) == span.cycles
    assert all(one.own_cycles >= 0 for one in within(span))


def test_estimates_have_layers_alone(estimated_run):
    spans = layer_spans(estimated_run, "a test")
    assert all(not span.parts and span.name.endswith(" (estimated)") for span in spans)
    assert sum(span.cycles for span in spans) == estimated_run.totals.cycles


def test_unknown_cycles_are_an_error(planned_run):
    message = "kws_ds_cnn on nano33ble: a test needs cycles, which are not known: the core is not simulated"
    with pytest.raises(UnsupportedError, match=message):
        layer_spans(planned_run, "a test")
