"""What runs and comparisons were held to, and what CI systems are told of it."""

import dataclasses
import json
import re
import xml.etree.ElementTree as ET

import pytest
from run_variants import with_changes, with_longer_loop, with_slower_layer

from mcusim import delta, verdicts
from mcusim.compare import compare
from mcusim.renderers import RENDERERS, benchmark, comment, github, junit

HOSTILE = 'a\r\n::error::b%0A]]><x y="1">&\x00\ud800,c:d'


def comparison_of(*pairs):
    deltas = tuple(compare(before, after) for before, after in pairs)
    return delta.Comparison(delta.SCHEMA, "0.1.0", "2026-01-02T03:04:05+00:00", "mcusim compare", deltas, (), (), ())


def suites(text):
    """The suites of a JUnit document, whose counts are right."""
    root = ET.fromstring(text.encode())
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    assert int(root.get("tests")) == sum(int(suite.get("tests")) for suite in root)
    return list(root)


def test_a_run_passes_or_fails(example_run, bad_run):
    (good,), (bad,) = suites(RENDERERS["junit"](example_run)), suites(RENDERERS["junit"](bad_run))
    assert good.get("failures") == "0" and int(good.get("tests")) == 1 + len(example_run.layers)
    assert "cycles" in good.find("system-out").text and "not validated" in good.find("system-out").text
    failed = {case.get("name"): case.find("failure").get("message") for case in bad if case.find("failure") is not None}
    assert failed["fits"].startswith("RAM: 230,000 bytes are needed") and len(failed) == 2
    assert "target 5, reference 4" in next(text for name, text in failed.items() if "bit-exact" in name)


def test_every_failure_of_a_comparison_is_told_once(example_run, bad_run):
    slow = with_longer_loop(with_slower_layer(example_run, 5, 90_000), 3)
    found = comparison_of((example_run, slow), (example_run, bad_run), (example_run, example_run))
    told = [one.problem for subject in verdicts.of_comparison(found) for one in subject.problems]
    sentences = [one.sentence for one in found.failures]
    assert sorted("; ".join(told).split("; ")) == sorted("; ".join(sentences).split("; ")) and len(told) > 3
    assert not verdicts.of_comparison(found)[2].problems
    named = {one.name for one in verdicts.of_comparison(found)[0].problems}
    assert "cycles" in named and any(name.startswith("layer 3 ") for name in named)


def test_what_is_not_judged_is_skipped(example_run):
    other = with_changes(with_slower_layer(example_run, 5, 900_000), core_table_sha256="f" * 64)
    found = comparison_of((example_run, other))
    (suite,) = suites(junit.render(verdicts.of_comparison(found)))
    assert len(suite.findall("testcase/skipped")) >= 3 and suite.find("testcase/failure") is not None


def test_annotations(bad_run):
    lines = RENDERERS["github"](bad_run).splitlines()
    assert [re.match(r"::(\w+) title=", line).group(1) for line in lines] == ["error", "error", "notice"]
    assert "RAM: 230,000 bytes are needed" in lines[0]


def test_many_problems_are_counted(example_run):
    layers = tuple(
        dataclasses.replace(layer, bit_exact=False, difference=layer.difference) for layer in example_run.layers
    )
    lines = RENDERERS["github"](dataclasses.replace(example_run, layers=layers)).splitlines()
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == github.MOST_ERRORS
    assert errors[-1].endswith(f"::{len(layers) - github.MOST_ERRORS + 1} more problems; the report has all of them")


def test_names_cannot_act(example_run):
    model = dataclasses.replace(example_run.model, name=HOSTILE)
    run = dataclasses.replace(example_run, model=model)
    for text in (RENDERERS["github"](run), github.render(verdicts.of_comparison(comparison_of((run, run))))):
        assert all(re.fullmatch(r"::(error|warning|notice) title=[^:,]*::.*", line) for line in text.splitlines())
        assert "%0A" not in text.replace("%250A", "")
    (suite,) = suites(RENDERERS["junit"](run))
    assert '<x y="1">&' in suite.get("name")
    assert "\n::" not in RENDERERS["comment"](run)
    assert HOSTILE.replace("\ud800", "") not in RENDERERS["benchmark"](run)


def test_a_benchmark_tells_what_is_known(example_run):
    entries = {entry["name"].rpartition(": ")[2]: entry for entry in json.loads(RENDERERS["benchmark"](example_run))}
    assert entries["cycles"]["value"] == example_run.totals.cycles and entries["cycles"]["unit"] == "cycles"
    assert "error to expect: not validated" in entries["cycles"]["extra"]
    assert entries["ram_bytes"]["value"] == example_run.verdict.ram.used_bytes
    assert {"latency_s", "arena_bytes", "flash_bytes", "stack_bytes"} <= set(entries)
    compared = json.loads(benchmark.of_comparison(comparison_of((example_run, example_run))))
    assert {entry["name"]: entry["value"] for entry in compared} == {
        entry["name"]: entry["value"] for entry in json.loads(RENDERERS["benchmark"](example_run))
    }


def test_estimates_tell_what_their_error_is_of(example_run):
    known = {"error_percent": 0.1, "error_percent_reason": None, "error_source": "against emulation, ±31% itself"}
    run = dataclasses.replace(example_run, totals=dataclasses.replace(example_run.totals, **known))
    found = comparison_of((run, run))
    for text in (junit.render(verdicts.of_comparison(found)), json.loads(benchmark.of_comparison(found))[0]["extra"]):
        assert "error to expect: ±0.1%, against emulation, ±31% itself" in text


def test_a_comment_is_found_again_and_short_enough(example_run):
    body = RENDERERS["comment"](example_run)
    assert body.startswith(f"{comment.MARKER}\n") and body == RENDERERS["comment"](example_run)
    folded = "".join(f"<details>\n<summary>{number}</summary>\n\n{'x' * 900}\n</details>\n" for number in range(100))
    short = comment.render(f"# first\n{folded}# last\n")
    assert len(short) <= comment.MOST_CHARACTERS and short.count("<details>") == short.count("</details>") > 50
    assert "# last" in short and short.endswith(comment.LEFT_OUT)
    assert len(comment.render("line of text\n" * 10_000)) <= comment.MOST_CHARACTERS


@pytest.mark.parametrize("name", ["junit", "github", "benchmark", "comment"])
def test_what_nobody_knows_is_left_out(example_run, name):
    unknown = dataclasses.replace(
        example_run.totals,
        **dict.fromkeys(("cycles", "latency_s", "instructions", "cycles_by_cause", "least_cycles", "most_cycles")),
        cycles_reason="Cortex-M55 is not simulated",
    )
    text = RENDERERS[name](dataclasses.replace(example_run, totals=unknown, layers=()))
    assert ("Cortex-M55 is not simulated" in text) == (name != "benchmark") and '"value": 0' not in text
