"""Aligned columns: what is cut, what never is, and nothing that acts on a terminal."""

import pytest

from mcusim import tables

HEADERS = ["name", "text", ">figure"]
ROWS = [["first", "short", "1"], ["a name that is long", "a text that is a good deal longer", "1,234,567"]]


def test_columns_are_aligned():
    assert tables.grid(["a", ">b"], [["x", "1"], ["yyy", "22"]], 80) == "a     b\nx     1\nyyy  22\n"


@pytest.mark.parametrize("width", [40, 50, 80])
def test_only_texts_are_cut_to_the_width(width):
    lines = tables.grid(HEADERS, ROWS, width).splitlines()
    assert max(map(len, lines)) <= width
    assert "a name that is long" in lines[2]
    assert lines[2].endswith("1,234,567")
    assert ("…" in lines[2]) == (width < 66)


def test_figures_stay_whole_even_where_the_width_does_not_do():
    assert "1,234,567" in tables.grid(HEADERS, ROWS, 10)


def test_wide_characters_take_two_columns():
    assert tables.cells("模型é") == 5
    lines = tables.grid(["a", ">b"], [["模型", "1"], ["xxxx", "1"]], 80).splitlines()
    assert [tables.cells(line) for line in lines] == [7, 7, 7]


def test_nothing_acts_on_a_terminal():
    text = tables.grid(["a"], [["\x1b[31mred\x07\x9b\u202e\r\n"]], 80)
    assert text == "a\n�[31mred�����\n"
