"""What would help is read off the run's figures."""

import dataclasses

import pytest

from mcusim.advice import REMEDIES, advice, main_cause
from mcusim.trace import CAUSES


def test_every_cause_has_words():
    assert set(REMEDIES) == set(CAUSES)


def test_a_run_that_fits(example_run):
    sentences = advice(example_run)
    assert sentences[0].startswith("Layer 2 (CONV_2D) takes 16% of the cycles, 1.93 per MAC, 90% of them in ")
    assert "27% are load_store (memory accesses" in sentences[0]
    assert any(one.startswith("DEPTHWISE_CONV_2D takes 28% of the cycles for 11% of the MACs") for one in sentences)
    assert not any("AllocateTensors" in one for one in sentences), "rounding up to 16 is no planning"


def test_an_arena_that_planning_needs_is_named(example_run):
    memory = dataclasses.replace(example_run.memory, smallest_arena_bytes=24_208)
    sentences = advice(dataclasses.replace(example_run, memory=memory))
    assert any("24,208 bytes: AllocateTensors refuses the 23,748" in one for one in sentences)


def test_what_is_missing_comes_first(bad_run):
    first, second, *_ = advice(bad_run)
    assert first == "RAM is 12,912 bytes short; its largest owner is stack of the kernels (stack) with 206,252."
    assert second.startswith("Layer 3 (DEPTHWISE_CONV_2D) is not bit-exact")


def test_reference_kernels_are_named(example_run):
    layers = tuple(dataclasses.replace(one, kernel="mcusim_x") if one.index < 3 else one for one in example_run.layers)
    sentences = advice(dataclasses.replace(example_run, layers=layers))
    assert "CONV_2D, DEPTHWISE_CONV_2D has no CMSIS-NN kernel and runs reference code: 31% of the cycles." in sentences


@pytest.mark.parametrize("wasted, said", [(4_000, True), (100, False)])
def test_holes_are_said_where_they_matter(example_run, wasted, said):
    holes = dataclasses.replace(example_run.memory.holes, wasted_bytes=wasted)
    run = dataclasses.replace(example_run, memory=dataclasses.replace(example_run.memory, holes=holes))
    assert any("leaves 4,000 bytes of holes" in one for one in advice(run)) is said


def test_a_model_without_layers_or_cycles_has_nothing_to_say(example_run):
    totals = dataclasses.replace(example_run.totals, cycles=0, macs=0)
    idle = dataclasses.replace(
        example_run.layers[0], cycles=0, macs=0, functions=(), cycles_by_cause=dict.fromkeys(CAUSES, 0)
    )
    for layers in ((), (idle,)):
        run = dataclasses.replace(example_run, layers=layers, totals=totals)
        assert all("cycles" not in one for one in advice(run))
    assert main_cause(idle) == ("", 0.0)
