"""The report as a picture, read by an XML parser."""

import dataclasses
import re
import xml.etree.ElementTree as ET

from mcusim.renderers import RENDERERS
from mcusim.renderers.report_svg import BLOCKS, CELL, COLOURS, COLUMNS, MARGIN, PAPER
from mcusim.renderers.text import render

SVG = "{http://www.w3.org/2000/svg}"


def drawn(run):
    return ET.fromstring(RENDERERS["svg"](run))


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_line_of_the_report_is_there(example_run):
    lines = {}
    for text in drawn(example_run).iter(f"{SVG}text"):
        lines.setdefault(float(text.get("y")), []).append(text.text)
    words = [word for texts in lines.values() for text in texts for word in text.split()]
    report = re.sub(f"[{''.join(BLOCKS)}]", " ", render(example_run, COLUMNS))
    assert words == report.split()


def test_everything_is_inside_and_bars_are_rectangles(example_run):
    picture = drawn(example_run)
    width = float(picture.get("width"))
    for text in picture.iter(f"{SVG}text"):
        assert float(text.get("x")) >= MARGIN and not set(text.text) & set(BLOCKS)
        assert float(text.get("x")) + float(text.get("textLength")) <= width - MARGIN + 0.01
    bars = [one for one in picture.iter(f"{SVG}rect") if one.get("class") == "cyan"]
    assert bars and max(float(one.get("width")) for one in bars) <= COLUMNS * CELL


def test_nothing_is_fetched_and_names_are_no_markup(example_run):
    name = '<script>alert("1")</script>&\x1b[31m'
    model = dataclasses.replace(example_run.model, name=name)
    text = RENDERERS["svg"](dataclasses.replace(example_run, model=model))
    assert not re.search(r"url\(|href|@import|@font-face|<script|<image|<foreignObject", text)
    title = ET.fromstring(text).find(f"{SVG}title").text
    assert title.startswith('<script>alert("1")</script>&\ufffd[31m on nano33ble')


def test_colours_are_readable_on_light_and_dark():
    """4.5 to 1, as WCAG 2.2 asks of text (success criterion 1.4.3)."""
    for pair in COLOURS.values():
        for ink, paper in zip(pair, PAPER, strict=True):
            high, low = sorted((luminance(ink), luminance(paper)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5


def test_other_runs_are_drawn_too(bad_run, estimated_run, planned_run):
    for run, words in ((bad_run, "DOES NOT FIT"), (estimated_run, "estimated"), (planned_run, "memory only")):
        assert words in RENDERERS["svg"](run) and drawn(run) is not None
