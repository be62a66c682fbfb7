"""A comparison as text: within its width, what is left out is summed up, and unknown is not 0."""

import dataclasses

import pytest
from run_variants import estimated, slower, with_buffer, with_changes, with_layers, with_longer_loop

from mcusim import delta
from mcusim.compare import compare
from mcusim.policy import ComparePolicy, Policy
from mcusim.renderers.comparison import ROWS, text


def rendered(*deltas, width=80):
    comparison = delta.Comparison(delta.SCHEMA, "0.1.0", "2026-01-02", "mcusim compare a b", deltas, (), ("n",), ("x",))
    return text(comparison, width)


@pytest.mark.parametrize("width", [70, 80, 120])
def test_no_line_is_too_long(example_run, width):
    after = with_changes(with_buffer(with_longer_loop(example_run, 3), "skip", 64, (1, 3)), board_file_sha256="1" * 64)
    shown = rendered(compare(example_run, after), width=width)
    assert max(len(line) for line in shown.splitlines()) <= width


def test_sections_of_a_slower_kernel(example_run):
    shown = rendered(compare(example_run, with_longer_loop(example_run, 3)))
    for title in ("Fails", "Cycles by cause", "Layers: 1 changed, 12 unchanged", "Cycles by function"):
        assert f"\n{title}\n" in shown
    assert "Only after: n.\n" in shown and "left out: x.\n" in shown
    assert "error of the cycles: not validated" in shown


def test_what_is_left_out_is_summed_up(example_run):
    many = [dataclasses.replace(example_run.layers[index % 9], name=f"l{index}") for index in range(40)]
    slow = [slower(layer, 1_000 + layer.index) for layer in many]
    found = compare(with_layers(example_run, many), with_layers(example_run, slow))
    shown = rendered(found)
    (line,) = [line for line in shown.splitlines() if line.startswith(f"  {40 - ROWS} more")]
    printed = sum(sorted((one.change for one in found.layers), reverse=True)[:ROWS])
    assert line.split()[-1] == f"{sum(one.change for one in found.layers) - printed:+,}"


def test_an_estimate_says_so(example_run):
    rules = Policy(ComparePolicy(changed_engine="tell"))
    shown = " ".join(rendered(compare(example_run, estimated(example_run), rules)).split())
    assert "engine: emulation → estimate" in shown and "→ estimated, not validated" in shown
    assert "Not judged: cycles, latency_s, instructions, layer_cycles, stack_bytes, ram_bytes (engine changed" in shown


def test_the_overview_tells_what_an_estimates_error_is_of(example_run):
    known = {"error_percent": 0.1, "error_percent_reason": None, "error_source": "so"}
    run = estimated(example_run)
    same = compare(*[dataclasses.replace(run, totals=dataclasses.replace(run.totals, **known))] * 2)
    assert " ±0.1% of emulation " in rendered(same, same)


def test_figures_that_are_not_known(example_run):
    shown = rendered(compare(example_run, estimated(example_run), Policy(ComparePolicy(changed_engine="judge"))))
    (line,) = [line for line in shown.splitlines() if line.startswith("instructions")]
    assert line.split() == ["instructions", "4,747,583", "–", "–"]


def test_ranges_are_told(example_run):
    totals = dataclasses.replace(example_run.totals, least_cycles=6_000_000, most_cycles=7_000_000)
    found = compare(example_run, dataclasses.replace(with_longer_loop(example_run, 3), totals=totals))
    assert "after: 6,000,000 to 7,000,000 cycles over 4 link orders of the kernels" in rendered(found)


def test_two_models_are_both_named(example_run):
    other = dataclasses.replace(example_run, model=dataclasses.replace(example_run.model, name="v2", sha256="1" * 64))
    shown = rendered(compare(example_run, other))
    assert shown.startswith("kws_ds_cnn on nano33ble → v2 on nano33ble: before → after\nno figure differs\n")
    assert "The model changed; no figure did." in shown


def test_names_of_layers_are_whole_or_not_there(example_run):
    many = [slower(layer, 10**9) for layer in example_run.layers]
    found = compare(example_run, with_layers(example_run, many))
    assert "layer_3/" not in rendered(found).partition("Layers:")[2].partition("•")[0]
    assert "layer_3/" in rendered(found, width=120).partition("Layers:")[2].partition("•")[0]
