"""The report: what it says, at every width, with and without colour, and for hostile names."""

import dataclasses
import re

import pytest

from mcusim import record, tables
from mcusim.renderers import RENDERERS, text
from mcusim.trace import CAUSES

ANSI = re.compile(r"\x1b\[[0-9;]*m")
WIDTHS = (80, 100, 120, 150, 160)


def with_layers(run, **changes):
    layers = tuple(dataclasses.replace(layer, **changes) for layer in run.layers)
    return dataclasses.replace(run, layers=layers)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", ["example_run", "bad_run"])
def test_no_line_is_wider_than_asked_for(request, case, width):
    report = text.render(request.getfixturevalue(case), width)
    assert max(tables.cells(line) for line in report.splitlines()) <= width
    assert all(line == line.rstrip() for line in report.splitlines())
    assert "…" not in report


def test_default_is_eighty_columns_without_codes(example_run):
    report = RENDERERS["text"](example_run)
    assert report == text.render(example_run, 80)
    assert "\x1b" not in report
    assert report.endswith("\n") and not report.endswith("\n\n")


@pytest.mark.parametrize("width", WIDTHS)
def test_colour_changes_nothing_but_colour(example_run, width):
    coloured = text.render(example_run, width, colour=True)
    assert "\x1b[" in coloured
    plain = [line.rstrip() for line in ANSI.sub("", coloured).splitlines()]
    assert plain == text.render(example_run, width).splitlines()


def test_sections_come_in_order(bad_run):
    report = text.render(bad_run)
    marks = ["DOES NOT FIT", "RAM  ", "latency", "Cycles by cause", "Layers", "Layers, continued", "Differences"]
    marks += ["Functions", "Arena", "RAM, an owner", "Flash, an owner", "What would help", "Notes"]
    places = [report.index(mark) for mark in marks]
    assert places == sorted(places)


def test_verdict_and_totals_are_the_runs(example_run):
    report = text.render(example_run)
    assert re.search(r"^FITS   98.9 ms in the kernels per inference   13 of 13 layers bit-exact$", report, re.MULTILINE)
    assert re.search(r"^RAM .*▒+█+░+ +34,208 +45,056 +182,880 +262,144$", report, re.MULTILINE)
    assert f"{example_run.totals.cycles:,}" in report
    assert "979 µJ" in report
    assert "error of the cycles: not validated" in report
    assert "zero wait states" in report


def test_a_run_that_does_not_fit_says_what_is_missing(bad_run):
    report = text.render(bad_run)
    assert "DOES NOT FIT" in report and "12 of 13 layers bit-exact" in report
    assert "-12,912" in report and "▶" in report
    assert "RAM: 230,000 bytes are needed, 217,088 are there" in report
    assert "✗ layer 3 DEPTHWISE_CONV_2D: layer_3[0, 1, 2, 3]: target 5, reference 4" in report
    assert report.count("✗") == 2


def test_each_layer_is_a_line_and_all_its_figures_are_there(example_run):
    for width in WIDTHS:
        lines = text.render(example_run, width).splitlines()
        for layer in example_run.layers:
            rows = [line for line in lines if line.startswith(f"  {layer.index:>2} ")]
            row = " ".join(rows)
            for figure in (layer.cycles, layer.instructions, layer.stack_bytes, layer.scratch_bytes):
                assert f" {figure:,}" in row
            assert layer.op in row and layer.variant.removeprefix("arm_") in row
            assert "✓" in row
            assert len(rows) == (1 if width >= 150 else 2)


def test_bars_are_to_scale(example_run):
    report = text.render(example_run)
    cells = {
        match[1]: len(match[2]) + (0.5 if match[3] else 0)
        for match in re.finditer(r"^  (\w+) +[\d,]+ +[\d.]+%  (█*)([▏▎▍▌▋▊▉]?)$", report, re.MULTILINE)
    }
    causes = example_run.totals.cycles_by_cause
    assert cells["load_store"] / cells["issue"] == pytest.approx(causes["load_store"] / causes["issue"], abs=0.05)
    assert "cache" not in cells


def section(report, title):
    """The lines between a title and the next empty one."""
    lines = report.splitlines()
    begin = lines.index(title) + 1
    return lines[begin : lines.index("", begin)]


@pytest.mark.parametrize("case", ["example_run", "bad_run"])
def test_owners_sum_to_the_board(request, case):
    """The rows of the kinds are all bytes, and those below a kind are all of its bytes."""
    run = request.getfixturevalue(case)
    for title, owners in (("RAM", run.memory.owners), ("Flash", run.flash.owners)):
        kinds, members = [], {}
        for line in section(text.render(run), f"{title}, an owner for every byte")[1:]:
            name, count = re.match(r"  (.+?) +([\d,]+) +[\d.]+%", line).groups()
            if name.startswith("  "):
                members.setdefault(len(kinds), []).append(int(count.replace(",", "")))
            else:
                kinds.append(int(count.replace(",", "")))
        assert sum(kinds) == sum(owner.bytes for owner in owners)
        assert all(sum(counts) == kinds[number - 1] for number, counts in members.items())


def test_many_owners_are_summed_up(example_run):
    owners = [dataclasses.replace(example_run.memory.owners[0], name=f"t{n}", bytes=100 + n) for n in range(20)]
    memory = dataclasses.replace(example_run.memory, owners=tuple(owners))
    report = text.render(dataclasses.replace(example_run, memory=memory))
    assert re.search(rf"    17 more +{sum(range(100, 117)):,} ", report)


def test_hostile_names_cannot_act_on_a_terminal(example_run):
    name = "\x1b]0;owned\x07[red]x[/red]\x9b2J\u202e\r"
    model = dataclasses.replace(example_run.model, name=name)
    owner = dataclasses.replace(example_run.memory.owners[0], name=name * 50)
    memory = dataclasses.replace(example_run.memory, owners=(owner,))
    run = dataclasses.replace(example_run, model=model, memory=memory, notes=(name,))
    for colour in (False, True):
        report = ANSI.sub("", text.render(run, colour=colour))
        assert all(letter.isprintable() or letter == "\n" for letter in report)
        assert "[red]x[/red]" in report
        assert max(tables.cells(line) for line in report.splitlines()) <= 80


def test_extreme_figures_do_not_break_the_report(example_run):
    huge = with_layers(example_run, macs=2**62, instructions=2**62, name="n" * 500, op="X" * 300, kernel="y" * 300)
    report = text.render(huge)
    assert f"{2**62:,}" in report
    assert max(len(line) for line in report.splitlines()) <= 80


def test_a_model_without_layers_renders(example_run):
    zero = dict.fromkeys(CAUSES, 0)
    totals = dataclasses.replace(
        example_run.totals, cycles=0, macs=0, instructions=0, cycles_by_cause=zero, latency_s=0.0, energy_j=None,
        energy_j_reason="no figure for this board",
    )  # fmt: skip
    report = text.render(dataclasses.replace(example_run, layers=(), totals=totals))
    assert "0 of 0 layers" in report
    assert "energy unknown: no figure for this board" in report


def test_the_expected_error_comes_with_its_source(example_run):
    totals = dataclasses.replace(
        example_run.totals, error_percent=6.04, error_percent_reason=None, error_source="mean of 7 published figures"
    )
    report = text.render(dataclasses.replace(example_run, totals=totals))
    assert "error of the cycles: ±6%, mean of 7 published figures" in report


def test_energy_is_marked_and_duty_cycle_shown(example_run):
    duty = record.DutyCycle(1.0, 0.25, None, "none was given", False, 0.0025, None, None, None, "no battery was named")
    running = record.Energy(0.01, None, "headline", 3.0, "CoreMark", "a datasheet")
    report = text.render(dataclasses.replace(example_run, energy=running, duty_cycle=duty))
    assert "energy: 10.0 mW while running, a headline current" in report
    assert "at 1 Hz busy 25.0% of the time, at least 2.50 mW on average" in report
    assert "energy: " not in text.render(
        dataclasses.replace(example_run, energy=record.Energy(None, "unknown", None, None, None, None))
    )


def test_a_users_kernels_stand_beside_mcusims(example_run):
    library = record.Library(
        "lib.a", "archive", "e" * 64, "armv7em", "hard", "GNU C11 12.2", None, None, "no DWARF", ()
    )
    layers = [
        dataclasses.replace(one, own_cycles=one.cycles // 2, own_cycles_reason=None) for one in example_run.layers
    ]
    about = dataclasses.replace(example_run.provenance, library=library, library_reason=None)
    run = dataclasses.replace(example_run, layers=tuple(layers), provenance=about)
    own = sum(one.own_cycles for one in layers)
    for width in WIDTHS:
        report = text.render(run, width)
        assert f"kernels of lib.a: {run.totals.cycles:,} cycles; mcusim's own: {own:,} (+100.0%)" in report
        for layer in layers:
            row = next(line for line in report.splitlines() if line.startswith(f"  {layer.index:>2} "))
            assert f"{layer.cycles:,} " in row and f" {layer.own_cycles:,} +10" in row
        assert "lib.a eeeeeeeeeeee of GNU C11 12.2 (flags: no DWARF)" in " ".join(report.split())
    assert "mcusim's own" not in text.render(example_run)


def test_what_keeps_layers_from_faster_functions_is_a_section(example_run):
    assert "Kept from" not in text.render(example_run)
    faster = record.Faster("arm_x_fast", None, "stride 2×2", "stride 1", None, 400, None, 300, None)
    layers = (dataclasses.replace(example_run.layers[0], faster=(faster,)), *example_run.layers[1:])
    report = " ".join(text.render(dataclasses.replace(example_run, layers=layers)).split())
    assert (
        "Kept from faster functions • Layer 0 CONV_2D: arm_convolve_s8; kept from arm_x_fast by: stride 2×2." in report
    )
    assert "would take 400 cycles instead of 512,345 (-100%); the changed layer as a whole takes 300." in report
