"""A run as flame graphs: nothing of its cycles is lost."""

import dataclasses
import json

import pytest

from mcusim.errors import UnsupportedError
from mcusim.renderers import RENDERERS


def test_collapsed_stacks_sum_to_the_run(example_run):
    lines = RENDERERS["collapsed"](example_run).splitlines()
    chains = {chain: int(count) for chain, _, count in (line.rpartition(" ") for line in lines)}
    assert sum(chains.values()) == example_run.totals.cycles
    kernel = "kws_ds_cnn;0_CONV_2D;arm_convolve_wrapper_s8"
    loop = example_run.layers[0].loops[0].cycles
    assert chains[f"{kernel};arm_convolve_inner_s8;loop_at_arm_convolve_inner_s8+0x40"] == loop
    assert sum(count for chain, count in chains.items() if chain.startswith(kernel)) == example_run.layers[0].cycles


def test_speedscope_has_the_layers_in_order(example_run):
    document = json.loads(RENDERERS["speedscope"](example_run))
    [profile] = document["profiles"]
    names = [frame["name"] for frame in document["shared"]["frames"]]
    seen = list(dict.fromkeys(names[sample[1]] for sample in profile["samples"]))
    assert seen == [f"{layer.index} {layer.op}" for layer in example_run.layers]
    assert sum(profile["weights"]) == profile["endValue"] == example_run.totals.cycles
    assert "not validated" in profile["name"]


@pytest.mark.parametrize("name", ["speedscope", "model-explorer"])
def test_the_error_of_an_estimate_is_not_all(estimated_run, name):
    source = "against emulation; emulation's own error comes on top: ±31%"
    known = {"error_percent": 0.1, "error_percent_reason": None, "error_source": source}
    run = dataclasses.replace(estimated_run, totals=dataclasses.replace(estimated_run.totals, **known))
    assert f"(error: ±0.1%, {source})" in json.dumps(json.loads(RENDERERS[name](run)), ensure_ascii=False)


@pytest.mark.parametrize("name", ["collapsed", "speedscope"])
def test_estimates_are_named_and_the_unknown_is_an_error(estimated_run, planned_run, name):
    assert "estimated" in RENDERERS[name](estimated_run)
    with pytest.raises(UnsupportedError, match="a flame graph needs cycles"):
        RENDERERS[name](planned_run)
