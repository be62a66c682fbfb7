"""Parts of a picture: texts, coordinates, ticks and fills."""

from xml.etree import ElementTree

import pytest

from mcusim.renderers import svg


def test_a_document_says_its_title_to_everybody():
    root = ElementTree.fromstring(svg.document(100.5, "a <b> & c", [svg.label(1, 2, "x")]))
    assert root.get("aria-label") == "a <b> & c" and root.get("viewBox") == "0 0 960 100.5"
    patterns = [one.get("id") for one in root.iter("{http://www.w3.org/2000/svg}pattern")]
    assert patterns == [f"mcusim-{name}" for name in svg.FILLS]


def test_kinds_that_stand_side_by_side_differ_in_their_lines():
    """Whoever sees no colour sees the lines."""
    for picture in (("in_out", "intermediate", "scratch", "hole"), ("used", "pieces", "free")):
        lines = [svg.FILLS[name][4] for name in picture]
        assert len(set(lines)) == len(lines)


@pytest.mark.parametrize(
    "value, text", [(0, "0"), (1.0, "1"), (0.004, "0"), (12.346, "12.35"), (100.0, "100"), (-0.5, "-0.5")]
)
def test_numbers_are_short(value, text):
    assert svg.number(value) == text


def test_escaping():
    assert svg.escaped("<a href='x'>\x00\ud800") == "&lt;a href=&#x27;x&#x27;&gt;��"
    assert svg.escaped("one\ntwo") == "one\ntwo"


@pytest.mark.parametrize("most", [0, 1, 5, 16, 1_000, 49_152, 73_728, 10_000_000])
def test_ticks_are_few_and_round(most):
    parts = [ElementTree.fromstring(part) for part in svg.bytes_axis(most, 0, 100)]
    ticks = [int(one.text.replace(",", "")) for one in parts if one.tag == "text"]
    assert ticks[0] == 0 and ticks[-1] <= most and len(ticks) <= 11
    step = ticks[1] if len(ticks) > 1 else 1
    assert step & (step - 1) == 0 and all(tick % step == 0 for tick in ticks)


def test_texts_as_far_as_there_is_room():
    assert svg.shortened("abc", 100) == "abc"
    assert svg.shortened("abcdefghij", svg.CHARACTER * 5.5) == "abcd…"
    assert svg.shortened("abcdefghij", svg.CHARACTER * 3) == ""
