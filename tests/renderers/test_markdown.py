"""The report in Markdown, read back by a parser of Markdown."""

import dataclasses

from conftest import make_difference
from markdown_it import MarkdownIt

from mcusim.renderers import RENDERERS
from mcusim.renderers.markdown import MOST_ROWS

HOSTILE = "<script>a|b `c` @octocat #1</script>"


def tables_of(text):
    """The cells of each table, row by row."""
    found = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level >= 4:
            found[-1][-1].append("".join(child.content for child in token.children))
    return found


def of_headers(text, *headers):
    """The rows under the table that begins with these headers."""
    [table] = [table for table in tables_of(text) if table[0][: len(headers)] == list(headers)]
    assert {len(row) for row in table} == {len(table[0])}
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


def test_a_row_a_layer(example_run):
    layers = of_headers(RENDERERS["markdown"](example_run), "#", "operator")
    assert [row["cycles"] for row in layers] == [f"{layer.cycles:,}" for layer in example_run.layers]
    assert layers[0]["kernel"] == "convolve_s8" and layers[0]["exact"] == "✓"
    assert layers[0]["beyond issue"] == "load_store 27%"


def test_verdict_memory_and_error(example_run, bad_run):
    text = RENDERERS["markdown"](example_run)
    assert "**FITS**" in text and "13 of 13 layers bit-exact" in text
    assert "- error of the cycles: not validated" in text
    [ram, _] = of_headers(text, "bytes", "used")
    assert ram["used"] == "34,208" and ram["total"] == "262,144"
    bad = RENDERERS["markdown"](bad_run)
    assert "**DOES NOT FIT**" in bad and "- RAM: 230,000 bytes are needed" in bad
    assert "target 5, reference 4" in bad


def test_many_layers_are_folded(example_run):
    assert "<summary>13 layers" not in RENDERERS["markdown"](example_run)
    times = MOST_ROWS // len(example_run.layers) + 1
    text = RENDERERS["markdown"](dataclasses.replace(example_run, layers=example_run.layers * times))
    assert f"<summary>{13 * times} layers</summary>" in text
    assert len(of_headers(text, "#", "operator")) == 13 * times


def test_names_are_no_markup(example_run):
    """Of a model, a layer, a tensor, a board's note: all are shown as they are."""
    layer = dataclasses.replace(
        example_run.layers[0], name=HOSTILE, op=HOSTILE, difference=make_difference(HOSTILE), bit_exact=False
    )
    owner = dataclasses.replace(example_run.memory.owners[0], name=HOSTILE)
    run = dataclasses.replace(
        example_run,
        model=dataclasses.replace(example_run.model, name=HOSTILE),
        memory=dataclasses.replace(example_run.memory, owners=(owner, *example_run.memory.owners[1:])),
        layers=(layer, *example_run.layers[1:]),
        notes=(HOSTILE,),
    )
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(RENDERERS["markdown"](run))
    assert "<script" not in html and html.count("&lt;script&gt;a|b") >= 5
    layers = of_headers(RENDERERS["markdown"](run), "#", "operator")
    assert len(layers) == 13 and layers[0]["operator"] == HOSTILE


def test_estimates_say_so_and_what_is_unknown_is_no_zero(estimated_run, planned_run):
    text = RENDERERS["markdown"](estimated_run)
    assert "estimated and not executed" in text and "Cycles by cause" not in text
    assert {row["exact"] for row in of_headers(text, "#", "operator")} == {"–"}
    plan = RENDERERS["markdown"](planned_run)
    assert "memory only. the core is not simulated" in plan and "## Layers" not in plan
    assert "cycles" not in {row[""] for row in of_headers(plan, "", "total")}
