"""The HTML report as a text: balanced, accessible, safe with hostile names, bounded, and with the run's own figures."""

import base64
import dataclasses
import hashlib
import itertools
import re
from collections.abc import Mapping

import pytest
from html_page import read
from html_runs import sixty_layers

from mcusim.renderers import html
from mcusim.renderers.html_parts import error_mark

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=y>\"'`&lt;--><!-- \u2028\u202e\x00\x1b\ud800 ]]>"


@pytest.fixture(scope="module")
def page(example_run):
    return read(html.render(example_run))


def of_class(page, tag, name):
    return [one for one in page.find(tag) if name in one.classes]


def with_texts(value, change):
    """A run with every text of it changed that comes from a file, keys of mappings too; kinds are closed sets."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(with_texts(one, change) for one in value)
    if isinstance(value, Mapping):
        return {change(key): with_texts(one, change) for key, one in value.items()}
    if dataclasses.is_dataclass(value):
        changed = {
            one.name: with_texts(getattr(value, one.name), change)
            for one in dataclasses.fields(value)
            if one.init and not re.search(r"Literal|BufferKind", str(one.type))
        }
        return dataclasses.replace(value, **changed)
    return value


def test_it_is_one_whole_document_whatever_the_run(example_run, bad_run, estimated_run, planned_run):
    for run in (example_run, bad_run, estimated_run, planned_run):
        page = read(html.render(run))
        identifiers = [one.attributes["id"] for one in page.everything() if "id" in one.attributes]
        assert len(set(identifiers)) == len(identifiers)
        links = {one.attributes["href"] for one in page.find("a")}
        assert all(link.startswith("#") and link[1:] in identifiers for link in links)
        labels = {one.attributes["aria-labelledby"] for one in page.find("section")}
        assert labels <= set(identifiers) and len(labels) == len(html.SECTIONS)


def test_who_does_not_see_it_is_told(page):
    assert page.find("html", lang="en") and page.find("main") and page.find("nav") and page.find("header")
    assert len(page.find("h1")) == 1
    for table in page.find("table"):
        assert table.find("caption")[0].text
        assert all(one.attributes.get("scope") for one in table.find("th"))
    for picture in page.find("svg"):
        told = picture.attributes.get("role") == "img" and picture.attributes.get("aria-label")
        assert told or picture.attributes.get("aria-hidden") == "true"
    levels = [int(one.tag[1]) for one in page.everything() if re.fullmatch("h[1-6]", one.tag)]
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def test_nothing_can_leave_it_and_nothing_foreign_runs(example_run, page):
    policy = page.find("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    for tag in ("style", "script"):
        (one,) = page.find(tag)
        digest = base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "http" not in one.text and "@import" not in one.text
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    for one in page.everything():
        assert not [name for name in one.attributes if name == "style" or name.startswith("on")]
        assert one.tag not in ("iframe", "object", "embed", "form", "base", "img", "audio", "video")
        addresses = [one.attributes.get(name) or "" for name in ("href", "src", "srcset", "action", "data")]
        assert all(address.startswith(("#", "data:,")) or not address for address in addresses)
    assert not re.search(r"https?://", html.render(example_run))


def test_texts_of_files_stay_text(example_run):
    """The same elements and attributes with hostile texts everywhere as with harmless ones."""
    harmless = re.sub("[<>&\"'`]", "x", HOSTILE)
    pages = [html.render(with_texts(example_run, lambda old, new=new: f"{old} {new}")) for new in (HOSTILE, harmless)]
    shapes = [[(one.tag, sorted(one.attributes)) for one in read(page).everything()] for page in pages]
    assert shapes[0] == shapes[1]
    assert "alert(1)" in pages[0] and "<script>alert" not in pages[0] and "onerror=y>" not in pages[0]
    assert not re.search("[\u2028\u202e\x00\x1b\ud800]", pages[0])
    pages[0].encode()


def test_names_cannot_turn_the_text_around_them(example_run):
    turning = dataclasses.replace(example_run.layers[0], name="שלום עולם")
    page = read(html.render(dataclasses.replace(example_run, layers=(turning, *example_run.layers[1:]))))
    found = [one for one in page.everything() if not one.elements and "שלום" in one.text]
    assert found and all(one.tag in ("bdi", "title", "text") for one in found)


def test_the_same_run_gives_the_same_bytes(example_run):
    causes = dict(reversed(example_run.totals.cycles_by_cause.items()))
    turned = dataclasses.replace(example_run, totals=dataclasses.replace(example_run.totals, cycles_by_cause=causes))
    assert html.render(example_run) == html.render(example_run) == html.render(turned)


def test_sixty_layers_with_their_loops_take_less_than_two_megabytes(example_run):
    page = html.render(sixty_layers(example_run))
    assert page.count('<tr class="layer">') == 60
    assert len(page.encode()) < 2_000_000


def test_the_figures_are_the_runs(example_run, page):
    tiles = {one.find("dt")[0].text: one.text for one in of_class(page, "div", "tile")}
    for name, figure in (("Cycles", f"{example_run.totals.cycles:,}"), ("Latency", "s")):
        assert figure in tiles[name] and "not validated" in tiles[name]
    assert f"{example_run.verdict.ram.used_bytes:,} B" in tiles["RAM"]
    rows = of_class(page, "tr", "layer")
    for row, layer in zip(rows, example_run.layers, strict=True):
        cells = [one.text.strip() for one in row.elements]
        assert cells[0] == f"{layer.index}" and layer.op in cells[1] and cells[5] == f"{layer.cycles:,}"
        assert cells[9:12] == [f"{layer.live_bytes:,}", f"{layer.scratch_bytes:,}", f"{layer.stack_bytes:,}"]
        assert cells[12] == "✓ yes"
    (verdict,) = of_class(page, "p", "verdict")
    assert "Fits" in verdict.text and "same bits" in verdict.text


def test_every_table_of_cycles_says_what_they_are_worth(example_run, estimated_run):
    known = dataclasses.replace(example_run.totals, error_percent=7.03, error_percent_reason=None, error_source="so")
    formula = dataclasses.replace(
        estimated_run.totals, error_percent=0.36, error_percent_reason=None, error_source="so"
    )
    runs = (
        example_run,
        estimated_run,
        dataclasses.replace(example_run, totals=known),
        dataclasses.replace(estimated_run, totals=formula),
    )
    words = (
        "not validated",
        "estimated, not validated",
        "expected error ±7%",
        "estimated, ±0.36% from emulation, whose own error comes on top",
    )
    for run, mark in zip(runs, words, strict=True):
        assert error_mark(run.totals) == mark
        for table in read(html.render(run)).find("table"):
            heads = [one.text for one in table.find("thead")[0].find("th")] if table.find("thead") else []
            if "cycles" in heads or "Cycles" in heads:
                assert mark in table.find("caption")[0].text


def lines_of(listing):
    """(offset, instruction, executed, cycles, share) of the lines below the header."""
    return [re.split("  +", line.strip()) for line in listing.text.splitlines()[1:]]


def test_lines_of_a_loop_add_up_also_where_some_are_left_out(example_run):
    run = sixty_layers(example_run)
    run = dataclasses.replace(run, layers=run.layers[:2])
    listings = of_class(read(html.render(run)), "pre", "code")
    loops = [loop for layer in run.layers for loop in layer.loops]
    for listing, loop in zip(listings, loops, strict=True):
        assert sum(int(line[-2].replace(",", "")) for line in lines_of(listing)) == loop.cycles
        assert len({len(line) for line in listing.text.splitlines()}) == 1
    assert listings[0].text.count("… 3 instructions") > 30
    assert "instructions" not in listings[1].text


def test_every_line_of_a_short_loop_has_its_figures(example_run, page):
    loop = example_run.layers[0].loops[0]
    code = example_run.hot_code[loop.code]
    lines = lines_of(of_class(page, "pre", "code")[0])
    assert [line[:2] for line in lines] == [[f"{one.offset:x}", one.text] for one in code.lines]
    for line, executed, cycles in zip(lines, loop.line_counts, loop.line_cycles, strict=True):
        assert line[2:] == [f"{executed:,}", f"{cycles:,}", f"{cycles / loop.cycles:.1%}"]


def test_hot_lines_are_marked_by_a_shade_beside_their_figure(page):
    shades = {"h1": 2, "h2": 5, "h3": 10, "h4": 20}
    marked = [one for listing in of_class(page, "pre", "code") for one in listing.find("span")]
    assert {one.attributes["class"] for one in marked} >= {"h3", "h4"}
    for one in marked:
        assert float(one.text.split()[-1].rstrip("%")) >= shades[one.attributes["class"]] - 0.05


def test_runs_without_execution_say_why(estimated_run, planned_run):
    page = read(html.render(estimated_run))
    assert "nothing was executed" in page.find("section", id="summary")[0].text
    assert "only execution tells them" in page.find("section", id="cycles")[0].text
    assert len(of_class(page, "tr", "layer")) == len(estimated_run.layers) and not of_class(page, "pre", "code")
    page = read(html.render(planned_run))
    for section in ("summary", "cycles", "layers"):
        assert planned_run.totals.cycles_reason in page.find("section", id=section)[0].text
    assert page.find("section", id="arena")[0].find("svg", role="img")


def test_what_does_not_fit_or_differs_is_said_in_words(bad_run):
    page = read(html.render(bad_run))
    (verdict,) = of_class(page, "p", "verdict")
    assert "Does not fit" in verdict.text and "1 of 13 layers are not bit-exact" in verdict.text
    assert bad_run.verdict.reasons[0] in page.find("section", id="summary")[0].text
    assert "too many" in page.text and str(bad_run.layers[3].difference) in page.text
    assert "The first divergence is in layer 3" in page.find("section", id="advice")[0].text
    assert of_class(page, "tr", "layer")[3].elements[12].text == "✗ no"
