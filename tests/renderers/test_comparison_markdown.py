"""A comparison in Markdown, read back by a parser of Markdown; names cannot act in it."""

import dataclasses

from markdown_it import MarkdownIt
from run_variants import with_buffer, with_changes, with_longer_loop

from mcusim import delta
from mcusim.compare import compare
from mcusim.renderers import comparison_markdown

HOSTILE = "<img src=x> | `c` **b** [l](javascript:x) @octocat #1"


def rendered(*deltas, only=()):
    comparison = delta.Comparison(delta.SCHEMA, "0.1.0", "2026-01-02", "mcusim compare a b", deltas, only, (), ())
    return comparison_markdown.render(comparison)


def tokens(text):
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)


def rows_under(text, *headers):
    """The rows of the table that begins with these headers."""
    found = []
    for token in tokens(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level >= 4:
            found[-1][-1].append("".join(child.content for child in token.children))
    (table,) = [table for table in found if table[0][: len(headers)] == list(headers)]
    return table[1:]


def test_no_difference(example_run):
    assert rendered(compare(example_run, example_run)).endswith("before → after: no difference\n")


def test_reasons_figures_and_layers(example_run):
    after = with_changes(with_buffer(with_longer_loop(example_run, 3), "skip", 64, (1, 3)), runtime="newer")
    text = rendered(compare(example_run, after))
    assert "before → after: **FAILS** (4)" in text and "- runtime: " in text
    (cycles,) = [row for row in rows_under(text, "", "before") if row[0] == "cycles"]
    assert cycles == ["cycles", "6,330,118", "6,378,345", "+48,227", "+0.8%"]
    assert "error of the cycles: not validated" in text
    (layer,) = rows_under(text, "#", "operator")
    assert layer[:4] == ["3", "DEPTHWISE_CONV_2D", "layer_3/depthwise_conv_2d", "changed"]
    assert "7 → 8 cycles each" in layer[-1]
    assert "new intermediate skip, 64 bytes, alive at the peak" in text


def test_nothing_acts(example_run):
    layers = tuple(dataclasses.replace(one, name=HOSTILE) for one in example_run.layers)
    model = dataclasses.replace(example_run.model, name=HOSTILE)
    after = with_longer_loop(dataclasses.replace(example_run, layers=layers, model=model), 3, HOSTILE)
    text = rendered(compare(example_run, after), only=(HOSTILE,))
    kinds = {child.type for token in tokens(text) for child in token.children or ()}
    assert kinds <= {"text", "softbreak", "strong_open", "strong_close"}
    html = [token.content.strip() for token in tokens(text) if token.type == "html_block"]
    assert all(line.startswith(("<details>", "</details>")) for line in html)
    assert "@octocat" not in text and "#1" not in text


def test_several_runs_begin_with_an_overview(example_run):
    longer = compare(example_run, with_longer_loop(example_run, 3))
    text = rendered(compare(example_run, example_run), longer)
    rows = rows_under(text, "model", "board")
    assert [row[-1] for row in rows] == ["no difference", f"FAILS ({len(longer.failures)})"]
    assert text.count("\n### ") == 1, "what does not differ has no section"
